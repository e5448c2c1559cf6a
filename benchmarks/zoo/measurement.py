"""Compare one pair with the tool and with every baseline, and keep what the tables need."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from benchmarks.zoo.baselines import BASELINES
from benchmarks.zoo.baselines.modeldna import run_modeldna
from benchmarks.zoo.baselines.same_index import same_index_explained
from benchmarks.zoo.pairs import Pair
from benchmarks.zoo.truth import Truth
from lineage_audit import LineageAuditError, Report
from lineage_audit.checkpoint import Checkpoint, open_checkpoint
from lineage_audit.comparison import EffortChoice
from lineage_audit.results import Way

RELATED = frozenset({"identical", "derived", "shared-origin"})
"""Verdicts that call two models related."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the tool said of a pair.

    Attributes:
        relation: the verdict's; ``error`` if the tool refused or broke.
        direction: the verdict's.
        excluded: the ways that it excludes.
        grade: exact or calibrated.
        log10_p: the combined bound, or None.
        operations: the kinds it named.
        details: the same in words.
        tests: log10 p of every exact test that gave one.
        explained: variance explained after alignment, or None.
        derived_share: the verdict's.
        detection_limit: the verdict's.
        effort: how far it read.
        summary: its sentence, or the error's.
        seconds: how long it took.
    """

    relation: str
    direction: str
    grade: str
    log10_p: float | None
    operations: tuple[str, ...]
    details: tuple[str, ...]
    tests: Mapping[str, float]
    explained: float | None
    derived_share: float | None
    detection_limit: float | None
    effort: str
    summary: str
    seconds: float
    excluded: tuple[Way, ...] = ()

    @property
    def is_related(self) -> bool:
        """Whether the tool called the models related."""
        return self.relation in RELATED

    @property
    def significance(self) -> float:
        """-log10 of the combined p-value: without end for the very same weights, zero where there is none."""
        if self.relation == "identical":
            return float("inf")
        return -self.log10_p if self.log10_p is not None else 0.0

    @property
    def confidence(self) -> tuple[int, float, float]:
        """What ranks its answers: the verdict, then the significance, then the variance explained.

        A verdict on calibrated evidence stands without a p-value, so significance alone would not rank it.
        """
        verdict = 2 if self.is_related else 0 if self.relation == "independent" else 1
        return verdict, self.significance, self.explained or 0.0


class Named(Protocol):
    """A model by its name."""

    @property
    def name(self) -> str: ...  # noqa: D102


class JudgedPair(Protocol):
    """Two models and what is true of them."""

    @property
    def a(self) -> Named: ...  # noqa: D102
    @property
    def b(self) -> Named: ...  # noqa: D102
    @property
    def kinship(self) -> str: ...  # noqa: D102
    @property
    def truth(self) -> Truth: ...  # noqa: D102
    @property
    def named_parents(self) -> Sequence[Named]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Measured:
    """A pair, what was said of it, and how the baselines score it.

    Attributes:
        pair: the pair, with its truth.
        said: the tool's answer.
        explained_before: share of B's variance that A explains at the same index.
        baselines: score by baseline; None where it gave no answer.
        modeldna: modelDNA's verdict, or None if it was not asked.
    """

    pair: JudgedPair
    said: Said
    explained_before: float
    baselines: Mapping[str, float | None]
    modeldna: str | None

    @property
    def is_related(self) -> bool:
        """Whether the models truly are related."""
        return self.pair.truth.relation != "independent"

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON."""
        truth = self.pair.truth
        return {
            "a": self.pair.a.name,
            "b": self.pair.b.name,
            "named_parents": [parent.name for parent in self.pair.named_parents],
            "kinship": self.pair.kinship,
            "truth": {**asdict(truth), "accepted": sorted(truth.accepted)},
            "said": asdict(self.said),
            "explained_before": self.explained_before,
            "baselines": dict(self.baselines),
            "modeldna": self.modeldna,
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the weights the tool may read.

    Attributes:
        effort: as ``lineage-audit compare --effort`` takes it.
        budget: bytes that a sample may read of each model; by their size where it is None.
    """

    effort: EffortChoice = "auto"
    budget: int | None = None


BY_DEFAULT = Reading()


def measure(pair: Pair, zoo: Path, modeldna: Path | None, reading: Reading = BY_DEFAULT) -> Measured:
    """Run the tool and every baseline on a pair; `modeldna` is the program, or None to leave it out."""
    a, b = zoo / pair.a.folder, zoo / pair.b.folder
    scores = {name: baseline(_checkpoint(a), _checkpoint(b)) for name, baseline in BASELINES.items()}
    answer = run_modeldna(modeldna, suspect=b, candidate=a) if modeldna else None
    if answer:
        scores["modelDNA"] = answer.probability
    return Measured(
        pair=pair,
        said=ask(a, b, [zoo / parent.folder for parent in pair.named_parents], reading),
        explained_before=same_index_explained(_checkpoint(a), _checkpoint(b)),
        baselines=scores,
        modeldna=answer.verdict if answer else None,
    )


def ask(a: Path, b: Path, parents: list[Path], reading: Reading = BY_DEFAULT) -> Said:
    """Run the tool on two folders; whatever it raises becomes an answer, since a crash is a miss as well."""
    import lineage_audit

    started = time.perf_counter()
    try:
        report = lineage_audit.compare(a, b, parents=parents, effort=reading.effort, budget=reading.budget)
    except LineageAuditError as error:
        return _error(str(error), time.perf_counter() - started)
    except Exception as error:
        return _error(f"crash: {error!r}", time.perf_counter() - started)
    return said_of(report, time.perf_counter() - started)


def said_of(report: Report, seconds: float) -> Said:
    """Take from a report what the tables need."""
    verdict = report.verdict
    return Said(
        relation=verdict.relation,
        direction=verdict.direction,
        grade=verdict.grade,
        log10_p=verdict.log10_p,
        operations=tuple(dict.fromkeys(operation.kind for operation in verdict.operations)),
        details=tuple(f"{operation.kind}: {operation.detail}" for operation in verdict.operations),
        tests={
            item.test_id: item.log10_p for item in report.evidence if item.grade == "exact" and item.log10_p is not None
        },
        explained=verdict.explained_variance,
        derived_share=verdict.derived_share,
        detection_limit=verdict.detection_limit,
        effort=report.effort,
        summary=verdict.summary,
        seconds=seconds,
        excluded=verdict.excluded,
    )


def _error(message: str, seconds: float) -> Said:
    nothing: Mapping[str, float] = {}
    return Said("error", "undetermined", "exact", None, (), (), nothing, None, None, None, "metadata", message, seconds)


@lru_cache(maxsize=64)
def _checkpoint(folder: Path) -> Checkpoint:
    return open_checkpoint(str(folder))
