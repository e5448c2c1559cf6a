"""Compare the stand-ins of a public dispute and print what was found: the answer, and the numbers that people quote.

Run from the project's root: ``python -m benchmarks.disputes NAME``. The pages in ``docs/disputes`` show what it prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import lineage_audit
from benchmarks.disputes.stand_ins import STAND_INS, StandIn
from lineage_audit.results import CheckReport, Report

_WIDTH = 21


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one stand-in's findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=list(STAND_INS), metavar="NAME", help=", ".join(STAND_INS))
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory() as folder:
        print("\n".join(_findings(STAND_INS[chosen.name], Path(folder))))
    return 0


def _findings(stand_in: StandIn, folder: Path) -> Iterator[str]:
    a, b = str(stand_in.a), str(stand_in.b(folder))
    if stand_in.is_checked:
        yield from _of_check(lineage_audit.check(b, references=(a,), earlier=(a,)))
    else:
        yield from _of_comparison(lineage_audit.compare(a, b))


def _of_comparison(report: Report) -> Iterator[str]:
    verdict = report.verdict
    p = "none" if verdict.log10_p is None else f"10^{verdict.log10_p:.0f}"
    limit = "none" if verdict.detection_limit is None else f"cosine {verdict.detection_limit:.2f}"
    yield _line("relation", f"{verdict.relation}, p ≤ {p}, detection limit {limit}")
    yield _line("architecture", report.architecture.summary)
    for operation in verdict.operations:
        yield _line(operation.kind, operation.detail)
    for number in report.controls:
        value = "-" if number.value is None else f"{number.value:.3f}"
        yield _line(number.number_id, f"{value}  {number.says}")


def _of_check(report: CheckReport) -> Iterator[str]:
    yield _line("outcome", report.outcome)
    for reference in report.references:
        yield _line("relation", str(reference.relation))
    for finding in report.findings:
        yield _line(f"{finding.rule_id} {finding.level}", finding.message)


def _line(label: str, text: str) -> str:
    return f"{label:{_WIDTH}}{text}"


if __name__ == "__main__":
    raise SystemExit(main())
