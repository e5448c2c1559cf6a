"""What asking a library of fingerprints gave, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lineage_audit.results.certificates import Grade
from lineage_audit.results.comparison import Direction, ModelSummary, Operation, Relation, Scalar
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Run

IdentificationOutcome = Literal["found", "none", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Relative:
    """One model of the library that is not independent of the subject.

    Attributes:
        name: what the library calls it.
        ref: the reference that its fingerprint was made from.
        revision: the pinned commit, or None.
        digest: what pins its weights.
        family: the family that the library files it under, or None.
        license: the licence that the library or its card states, or None.
        architecture: class or model type.
        parameters: number of stored weights.
        relation: how its weights relate to the subject's.
        direction: ``a->b`` if the subject was made from it, ``b->a`` if it was made from the subject.
        grade: whether that stands on exact p-values.
        log10_p: bound of the comparison alone, or None.
        corrected_log10_p: the same, corrected for the number of models in the library database.
        distance: estimated size of the difference over the size of the weights, or None.
        explained_variance: share of the subject's variance that it explains, or None.
        derived_share: share of the subject's sketched units that match it, or None.
        operations: what was done between the two, as far as fingerprints prove it.
        finding: the strongest test in one sentence.
    """

    name: str
    ref: str
    revision: str | None
    digest: str
    family: str | None
    license: str | None
    architecture: str
    parameters: int
    relation: Relation
    direction: Direction
    grade: Grade
    log10_p: float | None
    corrected_log10_p: float | None
    distance: float | None
    explained_variance: float | None
    derived_share: float | None
    operations: tuple[Operation, ...]
    finding: str


@dataclass(frozen=True, slots=True, repr=False)
class Identification(Rendered):
    """The answer to "who is the parent?".

    Attributes:
        tool_version: version of the tool.
        subject: the model that was asked about.
        library: the library's path.
        models: models in the library database that the subject was held against.
        compared: those of them that were compared by exact tests, after the prefilter.
        outcome: ``found`` if a relative was; ``none`` if none was and one would have been seen; else ``inconclusive``.
        summary: one sentence for a person.
        relatives: the relatives, nearest first.
        undecided: names of models that were compared without an answer.
        detection_limit: largest detection limit of the models that were cleared by exact tests, or None.
        prefilter_limit: smallest correlation with a model at which the prefilter would hardly have lost it, or None.
        parameters: every parameter of the run that changes a number.
        seconds: how long it took, once the subject's fingerprint was there.
        caveats: what the reader must know before quoting this.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    subject: ModelSummary
    library: str
    models: int
    compared: int
    outcome: IdentificationOutcome
    summary: str
    relatives: tuple[Relative, ...]
    undecided: tuple[str, ...]
    detection_limit: float | None
    prefilter_limit: float | None
    parameters: Mapping[str, Scalar]
    seconds: float
    caveats: tuple[str, ...]
    run: Run | None = None
