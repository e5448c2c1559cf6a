"""Audit every pair of the zoo and say how often the tool was right.

Run from the project's root, after ``python -m benchmarks.zoo.build``:
``python -m benchmarks.zoo.report [--half HALF] [--out DIR] [-o RESULTS.json] [--plot FILE]
[--effort EFFORT] [--budget SIZE] [--modeldna PROGRAM]``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.zoo.build import DEFAULT_OUT, FAMILIES
from benchmarks.zoo.catalogue import SETS
from benchmarks.zoo.measurement import Measured, Reading, measure
from benchmarks.zoo.pairs import Pair, pairs
from benchmarks.zoo.plot import plot
from benchmarks.zoo.production import is_complete
from benchmarks.zoo.summary import Summary, summarise
from benchmarks.zoo.tables import render
from lineage_audit.api.arguments import choices
from lineage_audit.comparison import EffortChoice
from lineage_audit.sizes import read_size

PROGRESS_EVERY = 50


def main() -> int:
    """Measure, print, write; exit with 1 if an independent pair was called related."""
    options = _options()
    zoo = options.out.expanduser()
    chosen, missing = _present(pairs(options.half), zoo, options.only)
    if missing:
        print(f"{missing} pairs left out: their models are not built in {zoo}", file=sys.stderr)
    measured = _measure_all(chosen, zoo, options.modeldna, Reading(options.effort, options.budget), options.workers)
    summary = summarise(measured)
    heading = f"lineage zoo, {options.half} half"
    print(render(summary, heading))
    if options.output:
        options.output.write_text(_as_json(summary, measured), encoding="utf-8")
    if options.plot:
        plot(measured, heading, options.plot)
    return int(bool(summary.false_accusations))


def _present(candidates: Sequence[Pair], zoo: Path, families: Sequence[str]) -> tuple[list[Pair], int]:
    """The pairs of these families whose models are there, and the number of those that are not."""
    wanted = [pair for pair in candidates if pair.a.family in families and pair.b.family in families]
    names = {entry.name: entry for pair in wanted for entry in (pair.a, pair.b, *pair.named_parents)}
    present = {name for name, entry in names.items() if is_complete(entry, zoo)}
    chosen = [pair for pair in wanted if {pair.a.name, pair.b.name} <= present]
    return chosen, len(wanted) - len(chosen)


def _measure_all(
    chosen: Sequence[Pair], zoo: Path, modeldna: Path | None, reading: Reading, workers: int
) -> list[Measured]:
    measured: list[Measured] = []
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for item in pool.map(partial(measure, zoo=zoo, modeldna=modeldna, reading=reading), chosen, chunksize=4):
            measured.append(item)
            if len(measured) % PROGRESS_EVERY == 0:
                print(f"{len(measured)} of {len(chosen)} pairs", file=sys.stderr, flush=True)
    return measured


def _as_json(summary: Summary, measured: Sequence[Measured]) -> str:
    whole = {"summary": summary.as_json(), "pairs": [item.as_json() for item in measured]}
    return json.dumps(whole, indent=1, default=str) + "\n"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--half", choices=SETS, default="report", help="default: report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=FAMILIES, metavar="FAMILY", help="default: all")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw ROC, QQ and variances (needs matplotlib)")
    parser.add_argument("--modeldna", type=Path, metavar="PROGRAM", help="also ask modelDNA, installed elsewhere")
    parser.add_argument("--effort", choices=choices(EffortChoice), default="auto", help="default: auto")
    parser.add_argument("--budget", type=read_size, metavar="SIZE", help="what a sample may read of each model")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
