"""Train the hard models, compare every pair of the catalogue, and count who was accused, missed or called derived.

Run from the project's root: ``python -m benchmarks.hard [--out DIR] [-o FILE] [--minutes M]``. Models that are there
are kept, pairs that stand in FILE are not compared again: a run goes on where the last one ended. About ten minutes of
one processor in all. Exits with 1 where an independent pair was accused, or one called derived that is not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import lineage_audit
from benchmarks.hard.catalogue import Case, cases
from benchmarks.hard.training import make

DEFAULT_OUT = Path("~/.cache/lineage-audit/hard")
RELATED = ("identical", "derived", "shared-origin")


@dataclass(frozen=True, slots=True)
class Row:
    """What was said of one pair."""

    half: str
    group: str
    a: str
    b: str
    truth: str
    relation: str
    cause: str | None
    log10_p: float | None
    detection_limit: float | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells a pair from the others."""
        return self.group, self.a, self.b

    @property
    def outcome(self) -> str:
        """Who was right."""
        if self.truth == "strangers":
            cleared = "cleared" if self.relation == "independent" else "not told"
            return "ACCUSED" if self.relation in RELATED else cleared
        if self.truth != "descent" and self.relation in ("identical", "derived"):
            return "CALLED DERIVED"
        if self.relation in RELATED:
            return "found"
        return "not told" if self.relation == "inconclusive" or self.truth != "descent" else "MISSED"


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on with a run for some minutes and print its table."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where the models are")
    parser.add_argument("--minutes", type=float, default=60.0, help="time to spend at most")
    parser.add_argument("-o", "--output", type=Path, default=Path("hard.jsonl"), metavar="FILE", help="what was said")
    options = parser.parse_args(arguments)
    until = time.monotonic() + 60 * options.minutes
    rows = _rows(options.output)
    done = {row.key for row in rows}
    with options.output.open("a", encoding="utf-8") as file:
        for case in cases():
            if (case.a.group, case.a.name, case.b.name) in done or time.monotonic() > until:
                continue
            row = _compared(case, options.out.expanduser())
            rows.append(row)
            file.write(json.dumps(asdict(row)) + "\n")
            file.flush()
    print(table(rows))
    return int(any(row.outcome in ("ACCUSED", "CALLED DERIVED") for row in rows))


def _compared(case: Case, out: Path) -> Row:
    for parent in (case.a.parent, case.b.parent, case.a.teacher, case.b.teacher):
        if parent is not None:
            make(next(other.a for other in cases() if (other.a.group, other.a.name) == (case.a.group, parent)), out)
    verdict = lineage_audit.compare(str(make(case.a, out)), str(make(case.b, out))).verdict
    return Row(case.half, case.a.group, case.a.name, case.b.name, case.truth, verdict.relation, verdict.cause,
               verdict.log10_p, verdict.detection_limit)  # fmt: skip


def _rows(path: Path) -> list[Row]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def table(rows: Sequence[Row]) -> str:
    """One line a pair, then the sums of both halves."""
    lines = [f"{'models':24} {'pair':38} {'truth':10} {'verdict':14} {'cause':14} {'log10 p':>8}  outcome"]
    for row in sorted(rows, key=lambda row: (row.half, row.group)):
        pair = f"{row.a} / {row.b}"
        p = "-" if row.log10_p is None else f"{row.log10_p:.1f}"
        lines.append(
            f"{row.group:24} {pair:38} {row.truth:10} {row.relation:14} {row.cause or '-':14} {p:>8}  {row.outcome}"
        )
    for half in sorted({row.half for row in rows}):
        own = [row for row in rows if row.half == half]
        sums = ", ".join(
            f"{sum(row.truth == truth and row.outcome == outcome for row in own)} {truth}: {outcome}"
            for truth, outcome in sorted({(row.truth, row.outcome) for row in own})
        )
        lines.append(f"\n{half}, {len(own)} pairs: {sums}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
