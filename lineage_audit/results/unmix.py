"""What a merge was made of, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lineage_audit.results.comparison import ModelSummary
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Run

TensorGroup = Literal["attention", "ffn", "norms", "embeddings"]
MergeMethod = Literal[
    "linear",
    "slerp",
    "task-arithmetic",
    "ties",
    "dare-linear",
    "dare-ties",
    "magnitude-pruned",
    "breadcrumbs",
    "breadcrumbs-ties",
    "passthrough",
    "unknown",
]
"""``unknown``: the named parents do not explain the child; its weights are then the nearest linear ones, or none where
it has nothing to do with any of them."""


@dataclass(frozen=True, slots=True)
class Share:
    """A merge weight with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LayerSource:
    """Where a layer was taken from: a source's number (parents first, then the base) and its layer."""

    source: int
    layer: int


@dataclass(frozen=True, slots=True)
class MergedPart:
    """A tensor group or a layer of the child.

    Attributes:
        name: the group, or ``layer 3``.
        layer: the child's layer, or None for a group.
        parameters: parameters that were compared.
        weights: one a parent; empty where the parents do not differ in this part.
        residual: size of what is left unexplained over the size of the child (Frobenius norms).
        unexplained: share of what there was to explain that is left (see ``Unmixing.unexplained``).
        source: the one layer that it was taken from whole, or None.
    """

    name: str
    layer: int | None
    parameters: int
    weights: tuple[Share, ...]
    residual: float
    unexplained: float
    source: LayerSource | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Unmixing(Rendered):
    """A child held against the models that it may be a merge of.

    Attributes:
        tool_version: this tool's version.
        child: the merge.
        parents: the named parents.
        base: their common base, or None where none was named.
        method: the method that explains the child best.
        summary: one sentence.
        weights: the merge weight of each parent, as the method's recipe takes them.
        densities: share of each parent's delta that was kept (TIES, DARE), or empty.
        lambda_: what the merged delta was scaled by, or None where the method has no such factor.
        normalized: whether weights were divided by the sum of those that took part in an element, or None.
        residual: size of what is left over the size of the child.
        unexplained: share of what there was to explain that is left: of the child's distance from the base, or,
            without one, of its mean distance from the parents (squared).
        parts: by tensor group.
        layers: by layer.
        collinear: pairs of parents whose deltas nearly agree, with their correlation.
        compared_share: share of the child's parameters that all models hold in one shape.
        recipe: a mergekit configuration that makes the child again, or None.
        caveats: what to know before quoting this.
        seconds: how long it took.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    child: ModelSummary
    parents: tuple[ModelSummary, ...]
    base: ModelSummary | None
    method: MergeMethod
    summary: str
    weights: tuple[Share, ...]
    densities: tuple[float, ...]
    lambda_: float | None
    normalized: bool | None
    residual: float
    unexplained: float
    parts: tuple[MergedPart, ...]
    layers: tuple[MergedPart, ...]
    collinear: tuple[tuple[int, int, float], ...]
    compared_share: float
    recipe: str | None
    caveats: tuple[str, ...]
    seconds: float
    run: Run | None = None
