"""Draw pairs of strangers, run every exact test in place, and count how often each rejects.

Run from the project's root: ``python -m benchmarks.strangers [--minutes 10] [-o FILE]``. A pair is drawn from its world
and its number alone, so that a run goes on where the last one ended: FILE holds a line for each pair.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.strangers.counting import Pair, table
from benchmarks.strangers.quantiles import quantile_plot
from benchmarks.strangers.worlds import CONFIG, WORLDS
from tests.comparison.measuring import evidence_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on with a run for some minutes and print its table; 1 if a test rejects more often than its level allows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="time to spend (default 10)")
    parser.add_argument("-o", "--output", type=Path, default=Path("strangers.jsonl"), help="the pairs that were drawn")
    parser.add_argument("--plot", type=Path, help="draw the p-values against those of chance, as SVG")
    chosen = parser.parse_args(arguments)
    pairs = read_pairs(chosen.output)
    with chosen.output.open("a", encoding="utf-8") as file:
        for pair in _drawn(pairs, time.monotonic() + 60 * chosen.minutes):
            file.write(json.dumps({"world": pair.world, "number": pair.number, "log10_p": pair.log10_p}) + "\n")
            pairs.append(pair)
    lines, holds = table(pairs)
    print("\n".join(lines))
    if chosen.plot:
        chosen.plot.write_text(quantile_plot(pairs), encoding="utf-8")
    return 0 if holds else 1


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of earlier runs; a line that was cut off is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Pair(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def _drawn(earlier: Sequence[Pair], until: float) -> Iterator[Pair]:
    """Pairs of every world in turn, as long as there is time."""
    counts = Counter(pair.world for pair in earlier)
    while time.monotonic() < until:
        world = min(WORLDS, key=lambda name: counts[name])
        yield draw(world, counts[world])
        counts[world] += 1


def draw(world: str, number: int) -> Pair:
    """One pair and what the exact tests say of it."""
    evidence = evidence_of(*WORLDS[world].pair(number), CONFIG)
    exact = {
        item.test_id: item.log10_p for item in evidence.values() if item.grade == "exact" and item.log10_p is not None
    }
    return Pair(world, number, exact)


if __name__ == "__main__":
    sys.exit(main())
