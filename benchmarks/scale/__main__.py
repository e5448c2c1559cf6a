"""Compare models of true sizes that a Hub on this machine computes, and print what was said and what it took."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.rows import add_row, rows_in
from benchmarks.scale.kinds import KINDS
from benchmarks.scale.measuring import Measured, measure, running_hub
from benchmarks.scale.pairs import ACROSS, ScalePair, pairs, strangers
from benchmarks.scale.shapes import SHAPES

MEBI = 2**20
EFFORTS = ("auto", "metadata", "sample", "search", "full")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, compare, print; exit with 1 if a verdict is wrong."""
    options = _options(arguments)
    done = {item.pair: item for item in rows_in(options.output, Measured)}
    results: list[Measured] = []
    with running_hub() as hub:
        print(heading())
        for pair in _wanted(options):
            if pair not in done:
                done[pair] = measure(pair, hub, options.effort, options.option, not options.strangers)
                add_row(options.output, done[pair])
            results.append(done[pair])
            print(line(results[-1]), flush=True)
    print(summary(results))
    return int(any(not item.is_right for item in results))


def heading() -> str:
    """The table's first line."""
    return (
        f"{'A':26}{'B':40}{'verdict':15}{'':6}{'log10 p':>9}{'MiB A':>8}{'MiB B':>8}{'asked':>7}{'cpu s':>7}"
        f"{'metadata':>9}{'peak MiB':>9}  operations"
    )


def line(item: Measured) -> str:
    """One pair."""
    mark = "ok" if item.is_right else "WRONG"
    log10_p = "-" if item.log10_p is None else f"{item.log10_p:.1f}"
    mebi = "".join(f"{counts.weights / MEBI:8.1f}" for counts in item.counts)
    asked = max(counts.requests for counts in item.counts)
    metadata = "-" if item.metadata is None else f"{item.metadata:.1f}"
    took = f"{asked:7}{item.run.processor:7.1f}{metadata:>9}{item.run.peak / MEBI:9.0f}"
    left_out = sorted(set(item.pair.operations) - set(item.operations))
    missing = f"  (not named: {', '.join(left_out)})" if left_out else ""
    operations = ", ".join(item.operations) or item.summary if item.relation == "failed" else ", ".join(item.operations)
    head = f"{item.pair.a:26}{item.pair.b:40}{item.relation:15}{mark:6}{log10_p:>9}"
    return f"{head}{mebi}{took}  {operations}{missing}"


def summary(results: Sequence[Measured]) -> str:
    """How many are right, and how near what is independent came to a threshold."""
    right = sum(item.is_right for item in results)
    independent = [item for item in results if item.pair.right == {"independent"}]
    accused = sum(item.relation not in ("independent", "inconclusive") for item in independent)
    least = min((item.log10_p for item in independent if item.log10_p is not None), default=0.0)
    said = (
        f"\n{right} of {len(results)} verdicts right; of {len(independent)} independent pairs {accused} accused, "
        f"least log10 p {least:.1f}"
    )
    return "\n".join([said, *_worst(independent)])


def _worst(independent: Sequence[Measured]) -> Iterator[str]:
    """The statistics that came nearest to their thresholds, each at its largest."""
    found = [item.nearest for item in independent if item.nearest is not None]
    for statistic in sorted({item.statistic for item in found}):
        shares = [item.share for item in found if item.statistic == statistic]
        yield f"nearest to its threshold in {len(shares)} of them: {statistic}, at most {max(shares):.2f} of it"


def _wanted(options: argparse.Namespace) -> Iterator[ScalePair]:
    if options.strangers:
        yield from (pair for shape in options.shapes for pair in strangers(shape, options.strangers))
        return
    yield from pairs(options.shapes, options.kinds)
    yield from (pair for pair in ACROSS if options.across)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES), metavar="SHAPE")
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS), metavar="KIND")
    parser.add_argument("--across", action="store_true", help="also the pairs of different shapes")
    parser.add_argument("--strangers", type=int, default=0, metavar="N", help="instead, N independent pairs a shape")
    parser.add_argument("--effort", choices=EFFORTS, default="auto", help="default: auto")
    parser.add_argument("--option", action="append", default=[], metavar="OPTION", help="passed on to compare")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="a line of JSON a pair; pairs that stand there are kept"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
