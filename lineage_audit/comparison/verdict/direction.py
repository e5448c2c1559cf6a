"""Which of two related models the marks in their weights make the earlier one, and what such a mark is worth.

A mark says that its bearer is not the ancestor: tokens were appended to B, so A was not made from it. That A is the
ancestor does not follow, since a sibling that was tuned apart lacks the mark as well. It follows where the mark is the
whole difference: what both hold is then what the mark was made on, and nobody tuned either.

Everything that shows a direction can be planted: whoever holds the innocent B can make an A that fits A → B. So a
direction is stated as what the files fit, with the cost of planting it, and no claim is held against anyone by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct

from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.verdict.findings import Findings, Letter, other_than
from lineage_audit.comparison.verdict.thresholds import ORDER
from lineage_audit.results import OPPOSITE, Direction, OperationKind, Relation, Way


class Precedence(Struct, frozen=True):
    """What is shown of who came first.

    Attributes:
        direction: the way that all marks fit, where they are the whole difference.
        excluded: the ways that do not fit: both where each bears a mark that the other lacks.
    """

    direction: Direction = "undetermined"
    excluded: tuple[Way, ...] = ()


_WITHOUT_PARENT: Mapping[Way, Letter] = {"b->a": "A", "a->b": "B"}
"""A way that is excluded -> the model that was not made from the other."""

_WHOLE: frozenset[OperationKind] = frozenset(
    {
        *("quantized", "cast", "noise-added", "direction-ablated", "low-rank-truncated"),
        *("pruned-unstructured", "pruned-n:m", "lora-merged", "merged"),
    }
)
"""Marks that are the whole difference between what both hold, where they show a direction; the others change a part."""

_FORMS: frozenset[OperationKind] = frozenset(
    {
        *("renamed-tensors", "fused-tensors", "cast", "gains-moved", "rescaled", "stream-scaled"),
        *("units-permuted", "units-rescaled", "signs-flipped", "heads-permuted", "channels-permuted"),
        *("layers-reordered", "residual-rotated", "norms-folded"),
    }
)
"""Operations that only give what was there another form: beside a mark, it is still the whole difference."""


def precedence_of(findings: Findings, relation: Relation) -> Precedence:
    """The direction and the ways that are excluded; nothing of models that do not share training."""
    if relation != "derived":
        return Precedence()
    shown: tuple[Way, ...] = tuple(
        dict.fromkeys(item.shows for item in findings.operations if item.shows != "undetermined")
    )
    by_slopes = findings.excluded_by_slopes
    excluded = tuple(OPPOSITE[way] for way in shown) or ((by_slopes,) if by_slopes else ())
    if len(shown) == 1 and _are_the_difference(findings):
        return Precedence(shown[0], excluded)
    return Precedence("undetermined", excluded)


def _marks(findings: Findings) -> tuple[DirectedOperation, ...]:
    return tuple(item for item in findings.operations if item.shows != "undetermined")


def _are_the_difference(findings: Findings) -> bool:
    """Tell whether marks and forms are all that lies between the two: a sibling would have been tuned besides."""
    beside = [item for item in findings.operations if item.shows == "undetermined"]
    if any(item.operation.kind not in _FORMS or item.leaves_more for item in beside):
        return False
    return any(item.operation.kind in _WHOLE for item in _marks(findings)) or _left(findings) <= ORDER.kept


def _left(findings: Findings) -> float:
    """How far what both hold lies apart, relative to its size; infinite where that was not seen.

    Of copies, which share what one unit wrote, and of samples that stand in no common order, the size says nothing and
    the correlation all.
    """
    shares = findings.shares
    are_copies = any(item.operation.kind == "width-grown" for item in findings.operations)
    if shares.relative_delta is not None and not are_copies:
        return shares.relative_delta
    return math.inf if shares.explained is None else math.sqrt(max(0.0, 1.0 - shares.explained))


def words_of(precedence: Precedence, findings: Findings) -> str | None:
    """What the order rests on, and what it costs to plant that; None where nothing is shown."""
    if not precedence.excluded:
        return None
    said = "; ".join(_planting(kind) for kind in dict.fromkeys(item.operation.kind for item in _marks(findings)))
    if precedence.direction != "undetermined":
        way = "A → B" if precedence.direction == "a->b" else "B → A"
        return f"The marks fit {way}, if neither file was made to fit: {said}."
    if len(precedence.excluded) > 1:
        return f"Neither was made from the other, if neither file was made to fit: {said}."
    earlier = _WITHOUT_PARENT[precedence.excluded[0]]
    later = other_than(earlier)
    said = said or (
        f"{later} is {earlier} and something new, as training leaves it, and {earlier} is not {later} and something "
        "new (to plant it: noise, and the sum shrunk by as much; no training)"
    )
    how = "" if _marks(findings) else " by training"
    return f"{earlier} was not made from {later}{how}, if neither file was made to fit: {said}."


def _planting(kind: OperationKind) -> str:
    return f"{kind} (to plant it: {_TO_PLANT.get(kind, _ARITHMETIC)})"


_ARITHMETIC = "arithmetic on the other file, no training"
_TO_PLANT: Mapping[OperationKind, str] = {
    "cast": "noise below the coarser type's rounding, stored in a finer type; no training",
    "quantized": "noise within half a step of the grid; no training",
    "noise-added": "the noise taken off again, or other noise; no training",
    "direction-ablated": "a direction written into the matrices; no training",
    "layers-removed": "a layer more, from anywhere; no training",
    "layers-duplicated": "one layer of two equal ones left out; no training",
    "experts-upcycled": "one expert of equal ones kept; no training",
    "width-pruned": "units that do nothing added; no training",
    "vocabulary-extended": "some tokens left out; no training",
    "width-grown": "copies of units and channels taken together; no training",
    "layers-inserted": "a layer left out; no training",
    "low-rank-truncated": "small directions added to every matrix; no training",
    "heads-merged": "heads drawn around the mean of each group; no training",
    "layers-merged": "two layers drawn around one; no training",
    "merged": "a second parent computed from the merge and the first; no training",
    "lora-merged": "another adapter taken off again; no training",
}
"""What it takes, with the innocent file in hand, to make another that bears the mark of its ancestor."""
