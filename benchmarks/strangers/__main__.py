"""Draw strangers, run every exact test on every pair of them, and count how often each rejects.

Run from the project's root: ``python -m benchmarks.strangers [--minutes 60] [--workers 2] [-o FILE] [--plot FILE]``. A
pool of models is drawn from its world and its number alone, so that a run goes on where the last one ended: FILE holds
a line for each pool. Every world gives five pools of 861 pairs, 17 of which are searched as well.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing import Pool as Processes
from pathlib import Path

from benchmarks.strangers.asking import ask, ask_all
from benchmarks.strangers.counting import Pool, counts, holds, table
from benchmarks.strangers.quantiles import quantile_plot
from benchmarks.strangers.worlds import MODELS, WORLDS, pool_of

POOLS = 5
"""Pools of each world."""

SEARCHED = 17
"""Pairs of a pool that are searched as well."""

Name = tuple[str, int]
"""The world and the number of a pool."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on with a run for some minutes and print its table; 1 if a test rejects more often than its level allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="time to spend (default 60)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a processor)")
    parser.add_argument("--worlds", nargs="+", metavar="WORLD", default=[*WORLDS], help="default: all")
    parser.add_argument("--models", type=int, default=MODELS, help=f"models of a pool (default {MODELS})")
    parser.add_argument("-o", "--output", type=Path, default=Path("strangers.jsonl"), help="the pools that were drawn")
    parser.add_argument("--plot", type=Path, help="draw the p-values against those of chance, as SVG")
    chosen = parser.parse_args(arguments)
    pools = read_pools(chosen.output)
    until = time.monotonic() + 60 * chosen.minutes
    wanted = [(*name, chosen.models) for name in left(pools) if name[0] in chosen.worlds]
    with chosen.output.open("a", encoding="utf-8") as file:
        for pool in _asked(wanted, chosen.workers):
            file.write(_line(pool))
            file.flush()
            pools.append(pool)
            if time.monotonic() > until:
                break
    print("\n".join(table(pools)))
    if chosen.plot:
        chosen.plot.write_text(quantile_plot(pools), encoding="utf-8")
    return 0 if holds(counts(pools)) else 1


def _line(pool: Pool) -> str:
    rounded = {test: [round(value, 4) for value in values] for test, values in pool.log10_p.items()}
    return json.dumps([pool.world, pool.number, pool.pairs, rounded], separators=(",", ":")) + "\n"


def read_pools(path: Path) -> list[Pool]:
    """The pools of earlier runs; a line that was cut off is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Pool(*json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def left(earlier: Iterable[Pool]) -> list[Name]:
    """Pools that are still to be asked, of every world in turn."""
    asked = {(pool.world, pool.number) for pool in earlier}
    every = ((world, number) for number in range(POOLS) for world in WORLDS)
    return [name for name in every if name not in asked]


def _asked(wanted: Sequence[tuple[str, int, int]], workers: int) -> Iterator[Pool]:
    if workers <= 1:
        yield from itertools.starmap(ask_pool, wanted)
        return
    with Processes(workers) as processes:
        yield from processes.imap_unordered(_ask_one, wanted)


def _ask_one(wanted: tuple[str, int, int]) -> Pool:
    return ask_pool(*wanted)


def ask_pool(world: str, number: int, models: int = MODELS) -> Pool:
    """All pairs of a pool and what the exact tests say of them."""
    log10_p: dict[str, list[float]] = defaultdict(list)
    pairs = list(itertools.combinations(pool_of(world, number, models), 2))
    for pair, (a, b) in enumerate(pairs):
        searches = pair < SEARCHED
        every = searches or WORLDS[world].have_counterparts
        for test, value in (ask_all(a, b, searches=searches) if every else ask(a, b)).items():
            log10_p[test].append(value)
    return Pool(world, number, len(pairs), log10_p)


if __name__ == "__main__":
    sys.exit(main())
