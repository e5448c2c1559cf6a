"""Compare every pair of the zoo by fingerprints alone, and hold the answers against the truth and the full files.

Run from the project's root: ``python -m benchmarks.fingerprints.relations [--half HALF] [--out DIR] [--full FILE]``,
where FILE is what ``python -m benchmarks.zoo.report -o FILE`` wrote.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from benchmarks.fingerprints.zoo import Sketched
from benchmarks.zoo.build import DEFAULT_OUT
from benchmarks.zoo.catalogue import HALVES
from benchmarks.zoo.measurement import RELATED
from benchmarks.zoo.pairs import Pair, pairs
from lineage_audit import Report
from lineage_audit.library.fingerprint import compare_fingerprints
from lineage_audit.library.fingerprint.parameters import SCHEME

CHANCE_LOG10_P = -2.0
"""Bound below which exact tests on independent pairs are counted."""


def main() -> int:
    """Print the counts; exit with 1 if an independent pair was called related."""
    options = _options()
    scheme = replace(SCHEME, units_in_layer=options.units) if options.units else SCHEME
    sketched = Sketched(options.out.expanduser(), scheme)
    chosen = [pair for pair in pairs(options.half) if sketched.is_built(pair.a) and sketched.is_built(pair.b)]
    reports = [(pair, compare_fingerprints(sketched.file(pair.a), sketched.file(pair.b))) for pair in chosen]
    related = [(pair, report) for pair, report in reports if pair.truth.relation != "independent"]
    apart = [(pair, report) for pair, report in reports if pair.truth.relation == "independent"]
    missed = [pair for pair, report in related if report.verdict.relation not in RELATED]
    accused = [pair for pair, report in apart if report.verdict.relation in RELATED]
    found = len(related) - len(missed)
    print(
        f"fingerprints, {options.half} half: {found} of {len(related)} related pairs found ({found / len(related):.1%})"
    )
    if options.full:
        known = _full_answers(options.full)
        both = [pair for pair, _ in related if _key(pair) in known]
        full = sum(known[_key(pair)] in RELATED for pair in both)
        print(f"full files: {full} of {len(both)} ({full / max(1, len(both)):.1%})")
    print(f"false accusations: {len(accused)} of {len(apart)}")
    print(f"independent pairs: {dict(Counter(report.verdict.relation for _, report in apart))}")
    _print_chance([report for _, report in apart])
    for pair in missed:
        print(f"missed: {pair.a.name} | {pair.b.name} ({pair.truth.relation})")
    for pair in accused:
        print(f"ACCUSED: {pair.a.name} | {pair.b.name}")
    return int(bool(accused))


def _print_chance(reports: list[Report]) -> None:
    """How the exact tests behave where there is nothing to find."""
    bounds: dict[str, list[float]] = defaultdict(list)
    for report in reports:
        for item in report.evidence:
            if item.grade == "exact" and item.log10_p is not None:
                bounds[item.test_id].append(item.log10_p)
    for test_id, values in sorted(bounds.items()):
        below = sum(value < CHANCE_LOG10_P for value in values)
        print(f"  {test_id}: {len(values)} independent pairs, smallest log10 p {min(values):.2f}, {below} below -2")


def _full_answers(path: Path) -> Mapping[tuple[str, str], str]:
    measured = json.loads(path.read_text(encoding="utf-8"))["pairs"]
    return {(item["a"], item["b"]): item["said"]["relation"] for item in measured}


def _key(pair: Pair) -> tuple[str, str]:
    return pair.a.name, pair.b.name


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--half", choices=HALVES, default="report", help="default: report")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the zoo was built")
    parser.add_argument("--units", type=int, metavar="N", help="keep only so many FFN units of a layer")
    parser.add_argument("--full", type=Path, metavar="FILE", help="answers from the full files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
