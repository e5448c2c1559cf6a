"""The family tree of many models, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lineage_audit.results.comparison import Operation, Relation
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Run

EdgeKind = Literal["descent", "merge", "origin"]
"""One made from the other; a merge and one of its parents; a model and an ancestor that nobody named."""


@dataclass(frozen=True, slots=True)
class TreeModel:
    """One of the models.

    Attributes:
        id: ``m1``, ``m2``, ... in the order given.
        ref: the reference as the user gave it.
        digest: what pins the content.
        architecture: the class or model type that its configuration names, or ``unknown``.
        parameters: number of stored weights.
        group: number of its group, counted from 1.
    """

    id: str
    ref: str
    digest: str
    architecture: str
    parameters: int
    group: int


@dataclass(frozen=True, slots=True)
class UnknownAncestor:
    """An ancestor that must have been and was not among the models: ``u1``, ``u2``, ..."""

    id: str
    group: int
    reason: str


@dataclass(frozen=True, slots=True)
class TreeEdge:
    """Two models (or an unknown ancestor and a model) of which one was made from the other.

    Attributes:
        source: id of the ancestor, or of either where the edge is not directed.
        target: id of the other.
        directed: whether it is shown which came first.
        kind: see `EdgeKind`.
        relation: what the comparison of the two says.
        log10_p: its p-value's bound, or None.
        distance: size of their difference over that of the weights, or None.
        operations: what was done on the way.
        share: the parent's weight in a merge, or None.
    """

    source: str
    target: str
    directed: bool
    kind: EdgeKind
    relation: Relation
    log10_p: float | None
    distance: float | None
    operations: tuple[Operation, ...]
    share: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class FamilyTree(Rendered):
    """How many models descend from each other.

    Attributes:
        tool_version: this tool's version.
        models: in the order given.
        unknown: ancestors that were not among them.
        edges: nearest first.
        groups: ids of the models of each group of relatives, the largest group first.
        roots: ids of models and unknown ancestors that nothing is shown to come before, one a group where one is known.
        comparisons: pairs that were compared.
        undecided: pairs that could not be compared with enough power.
        detection_limit: the largest cosine that some pair taken for unrelated might have hidden, or None.
        caveats: what to know before quoting this.
        seconds: how long it took.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    models: tuple[TreeModel, ...]
    unknown: tuple[UnknownAncestor, ...]
    edges: tuple[TreeEdge, ...]
    groups: tuple[tuple[str, ...], ...]
    roots: tuple[str, ...]
    comparisons: int
    undecided: int
    detection_limit: float | None
    caveats: tuple[str, ...]
    seconds: float
    run: Run | None = None
