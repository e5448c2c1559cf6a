"""Hold every pair of the seed models against each other: all are independent, so every accusation is false.

Run from the project's root: ``python -m benchmarks.independent_seeds [--models N] [--models-dir DIR] [-o FILE]``.
Trains what is missing first, about half a minute a model on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import lineage_audit
from benchmarks.independent_seeds.train import DEFAULT_MODELS, DEFAULT_OUT, pairs, train_missing
from lineage_audit import Report


def main() -> int:
    """Compare all pairs, print the table, exit with 1 if any pair was called related."""
    options = _options()
    train_missing(options.models_dir.expanduser(), options.models)
    reports = [lineage_audit.compare(str(a), str(b)) for a, b in pairs(options.models_dir, options.models)]
    print(_table(reports))
    if options.output:
        options.output.write_text(json.dumps([_row(report) for report in reports], indent=2) + "\n")
    return int(any(report.verdict.relation in ("identical", "derived", "shared-origin") for report in reports))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--models", type=int, default=DEFAULT_MODELS)
    parser.add_argument("--models-dir", type=Path, default=DEFAULT_OUT)
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def _row(report: Report) -> dict[str, object]:
    exact = {item.test_id: item.log10_p for item in report.evidence if item.grade == "exact" and not item.reason}
    return {
        "a": Path(report.a.ref).name,
        "b": Path(report.b.ref).name,
        "relation": report.verdict.relation,
        "log10_p": report.verdict.log10_p,
        "detection_limit": report.verdict.detection_limit,
        "explained_variance": report.verdict.explained_variance,
        "tests": exact,
    }


def _table(reports: list[Report]) -> str:
    """One line a pair, then the sums."""
    lines = [f"{'pair':24} {'relation':14} {'log10 p':>8} {'limit':>7} {'explained':>10}"]
    for report in reports:
        verdict = report.verdict
        pair = f"{Path(report.a.ref).name} / {Path(report.b.ref).name.removeprefix('seed-')}"
        lines.append(
            f"{pair:24} {verdict.relation:14} {verdict.log10_p or 0.0:8.2f} {verdict.detection_limit or 1.0:7.4f} "
            f"{verdict.explained_variance or 0.0:10.6f}"
        )
    smallest: dict[str, float] = {}
    for report in reports:
        for item in report.evidence:
            if item.grade == "exact" and item.log10_p is not None:
                smallest[item.test_id] = min(smallest.get(item.test_id, 0.0), item.log10_p)
    accused = sum(report.verdict.relation in ("identical", "derived", "shared-origin") for report in reports)
    cleared = sum(report.verdict.relation == "independent" for report in reports)
    lines.append(f"\n{len(reports)} independent pairs: {cleared} independent, {accused} accused")
    lines.append("smallest log10 p by test: " + ", ".join(f"{test} {value:.2f}" for test, value in smallest.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
