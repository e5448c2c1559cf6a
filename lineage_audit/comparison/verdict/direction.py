"""Which of two related models the marks in their weights make the earlier one, and what such a mark is worth.

Everything that shows a direction can be planted: whoever holds the innocent B can make an A that fits A → B. So a
direction is stated as what the files fit, with the cost of planting it, and no claim is held against anyone by it.
"""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.thresholds import EXPLAINS_ALL, ORDER
from lineage_audit.results import Direction, OperationKind, Relation


def direction_of(findings: Findings, relation: Relation) -> Direction:
    """The direction that all marks fit."""
    if relation != "derived":
        return "undetermined"
    marks = _marks(findings)
    shown = {item.shows for item in marks}
    if len(shown) != 1:
        return "undetermined"
    direction = shown.pop()
    is_proven = any(item.operation.kind in EXPLAINS_ALL for item in marks)
    return direction if is_proven or _ancestor_unmoved(findings, direction) else "undetermined"


def _marks(findings: Findings) -> tuple[DirectedOperation, ...]:
    return tuple(item for item in findings.operations if item.shows != "undetermined")


def _ancestor_unmoved(findings: Findings, shown: Direction) -> bool:
    """Tell whether the earlier model stands where the common ancestor stood: a sibling of it would have moved.

    What was added in training is nearly orthogonal to the weights, so the later model's slope on an unmoved ancestor
    is one. On a sibling it is below one by what the sibling added, while the sibling's slope on it need not be.
    """
    if findings.slopes is None:
        return True
    later_on_earlier, earlier_on_later = findings.slopes if shown == "a->b" else findings.slopes[::-1]
    missing = 1.0 - later_on_earlier
    allowed = max(ORDER.rounded_slope, ORDER.unmoved_share * abs(1.0 - earlier_on_later))
    return missing <= min(allowed, 1.0 - ORDER.unmoved_slope)


def _direction_words(direction: Direction) -> str:
    """A direction in the words that a mark in a file allows."""
    return "A → B" if direction == "a->b" else "B → A"


def cost_of_marks(findings: Findings, direction: Direction) -> str | None:
    """What the direction rests on, and what it costs to plant that; None without a direction."""
    kinds = dict.fromkeys(item.operation.kind for item in _marks(findings) if item.shows == direction)
    if direction == "undetermined" or not kinds:
        return None
    marks = "; ".join(f"{kind} (to plant it: {_TO_PLANT.get(kind, _ARITHMETIC)})" for kind in kinds)
    return f"The marks fit {_direction_words(direction)}, if neither file was made to fit: {marks}."


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
}
"""What it takes, with the innocent file in hand, to make another that bears the mark of its ancestor."""
