"""Run a case and hold what was found against what is right."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.check.case import Case, Part
from lineage_audit import check
from lineage_audit.results import CheckReport

ACCUSING = "error"


@dataclass(frozen=True, slots=True)
class Score:
    """What became of one case.

    Attributes:
        name: the case.
        part: what it is counted under.
        missing: findings that are right and were not made.
        wrong: findings that were made and are not right.
        bases_missing: base models that the card names and that were not read.
        bases_wrong: base models that were read and that the card does not name.
        scratch_misread: whether a claim of training from scratch was missed, or made up.
    """

    name: str
    part: Part
    missing: tuple[str, ...]
    wrong: tuple[str, ...]
    bases_missing: tuple[str, ...]
    bases_wrong: tuple[str, ...]
    scratch_misread: bool

    @property
    def read_rightly(self) -> bool:
        """Whether the card was read as it is."""
        return not (self.bases_missing or self.bases_wrong or self.scratch_misread)

    @property
    def judged_rightly(self) -> bool:
        """Whether the right findings were made and no other."""
        return not (self.missing or self.wrong)

    @property
    def accuses_falsely(self) -> bool:
        """Whether an error was found that is none."""
        return any(finding.endswith(ACCUSING) for finding in self.wrong)


def score(case: Case) -> Score:
    """Write a case, check it, and compare."""
    with tempfile.TemporaryDirectory(prefix="lineage-audit-") as folder:
        written = case.write(Path(folder))
        report = check(str(written.subject), written.given, earlier=list(map(str, written.earlier)))
    found = {f"{finding.rule_id} {finding.level}" for finding in report.findings}
    named = {_plain(base): base for base in case.bases or ()}
    read = _bases(report) if case.bases is not None else {}
    claimed = any(record.kind == "from_scratch" for record in report.claims)
    return Score(
        name=case.name,
        part=case.part,
        missing=tuple(sorted(case.findings - found)),
        wrong=tuple(sorted(found - case.findings)),
        bases_missing=tuple(sorted(named[key] for key in named.keys() - read.keys())),
        bases_wrong=tuple(sorted(read[key] for key in read.keys() - named.keys())),
        scratch_misread=case.scratch is not None and claimed != case.scratch,
    )


def _bases(report: CheckReport) -> dict[str, str]:
    """The base models that were read from the card, once each."""
    return {
        _plain(record.value): record.value
        for record in report.claims
        if record.kind in ("base_model", "derived_from") and record.file == "README.md"
    }


def _plain(name: str) -> str:
    """A model's name without owner, case and separators."""
    name = re.sub(r"/(?:tree|blob|resolve)/.*|\?.*", "", name.strip()).rstrip("/")
    return re.sub(r"[\W_]+", "", name.rsplit("/", 1)[-1].lower())
