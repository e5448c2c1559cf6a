"""What two models have in common beyond a common base: how much of one's change the other holds.

Two fine-tunes of one base are related through it, and that says nothing of who took from whom. The question is what
they share besides. The change of the subject (subject - base) is regressed on that of the reference (reference - base):
what was made from the reference holds its change whole (slope 1), a merge holds its weight of it, siblings little.

One slope is not enough: runs on one corpus drift alike, and a long run's drift measures as much as a short run's whole
change. Drift lies in the strong directions of a change, and what each run drew for itself in the weak ones. So the
slope is taken over the weak directions, and again over strong ones: what was inherited is inherited in all of them,
while the slope of a sibling falls from the strong to the weak. A bounded sample is read, and what rounding alone makes
of the base is no change. All of it is calibrated on trained models, never exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.comparison.changes import (
    DoubleArray,
    MatrixChanges,
    Products,
    changes_of,
    correlation,
)
from lineage_audit.comparison.evidence.base import TestDescription, not_measured, test_result
from lineage_audit.comparison.verdict.thresholds import SIBLINGS
from lineage_audit.results import Evidence
from lineage_audit.sizes import plural

_STRONG, _WEAK = (0.1, 0.4), (0.5, 1.0)
"""Which directions of a change count as strong and weak, by rank; the strongest tenth is left out."""

Extent = Literal["whole", "multiple", "part", "little"]
"""``whole``: held whole, besides other changes; ``multiple``: a constant multiple of it and nothing else, as a merge of
reference and base holds its weight; ``part``: some of it, or drifted alike; ``little``: no more than siblings share."""


class SharedChange(Struct, frozen=True):
    """How much of the reference's change the subject holds.

    Attributes:
        slope: of the subject's change on the reference's, over the weak directions of the latter.
        error: its standard error over matrices.
        strong: the slope over the strong directions.
        whole: the slope over all directions.
        explained: share of the subject's change that the reference's explains.
        left: share of the subject's change that it leaves, beyond what rounding may leave.
        matrices: matrices that entered.
        coverage: share of the subject's parameters that were read for it.
    """

    slope: float
    error: float
    strong: float
    whole: float
    explained: float
    left: float
    matrices: int
    coverage: float

    @property
    def spread(self) -> float:
        """How much the slope deviates from matrix to matrix."""
        return self.error * math.sqrt(self.matrices)

    @property
    def extent(self) -> Extent:
        """Whether the subject holds the reference's change whole, a multiple or a part of it, or little."""
        if self._is_multiple:
            return "whole" if SIBLINGS.held_whole[0] <= self.slope <= SIBLINGS.held_whole[1] else "multiple"
        if min(self.slope, self.strong) < SIBLINGS.held_in_part:
            return "little"
        held = SIBLINGS.held_whole[0] <= self.slope <= SIBLINGS.held_whole[1] and self.whole >= SIBLINGS.held_in_part
        is_steady = self.slope >= SIBLINGS.steady * self.strong and self.spread <= SIBLINGS.most_spread
        return "whole" if held and is_steady else "part"

    @property
    def _is_multiple(self) -> bool:
        """Trainings on one corpus drift alike, yet never by one factor in all directions and with nothing besides."""
        allowed = SIBLINGS.same_multiple * abs(self.slope)
        is_constant = abs(self.slope - self.strong) <= allowed and self.spread <= allowed
        return abs(self.slope) >= SIBLINGS.least_multiple and is_constant and self.left <= SIBLINGS.most_left

    @property
    def sentence(self) -> str:
        """The slopes in words, for a report."""
        nothing_else = f", which leaves {self.left:.1%} of the subject's change" if self.extent == "multiple" else ""
        return (
            f"slope of the subject's change on the reference's: {self.slope:.2f} ± {self.error:.2f} in weak "
            f"directions, {self.strong:.2f} in strong ones{nothing_else} ({plural(self.matrices, 'matrix')}, "
            "calibrated); what is made from the reference holds 1 in both, a merge its weight, a sibling little, or "
            "less in the weak"
        )


TEST = TestDescription(
    "beyond-base",
    "What do A and B share beyond the base that was named?",
    "none: a slope calibrated on trained models, with no p-value",
    grade="calibrated",
)


class NotMeasured(Struct, frozen=True):
    """Why nothing can be said.

    Attributes:
        reason: in a clause.
        same_as_base: the reference is the base itself, but for rounding at most.
    """

    reason: str
    same_as_base: bool = False


def shared_change(
    subject: Checkpoint, reference: Checkpoint, base: Checkpoint, part: ModelPart | None = None
) -> SharedChange | NotMeasured:
    """Regress what the subject changed in the base on what the reference changed in it.

    Args:
        subject: the model in question.
        reference: the model that it may have been made from.
        base: the common base of both.
        part: the part of the models that is asked about; None for the language model's core.
    """
    read = [_change(one) for one in changes_of((subject, reference), base, part)]
    if len(read) < SIBLINGS.fewest_matrices:
        return NotMeasured("the three models share too few matrices of one shape")
    in_order = [part for part in read if part.is_in_order]
    if len(in_order) < SIBLINGS.fewest_matrices:
        return NotMeasured(f"the {_moved(read)}'s weights do not stand in the base's order")
    if sum(part.all[1] for part in read) <= SIBLINGS.beyond_rounding * sum(part.rounding for part in read):
        return NotMeasured("the reference differs from the base by no more than rounding", same_as_base=True)
    found = _regressed(in_order, sum(part.elements for part in in_order) / max(1, subject.parameters))
    if found.extent in ("whole", "multiple"):
        return found
    if sum(part.elements for part in in_order) < (1 - SIBLINGS.most_moved) * sum(part.elements for part in read):
        return NotMeasured(f"part of the {_moved(read)}'s weights do not stand in the base's order")
    if found.extent == "little" and found.slope + SIBLINGS.errors * found.error >= SIBLINGS.held_whole[0]:
        return NotMeasured(f"a slope of {found.slope:.2f} ± {found.error:.2f} tells no child from a sibling")
    return found


def compare_beyond(a: Checkpoint, b: Checkpoint, base: Checkpoint) -> Evidence:
    """What A and B share beyond a base that was named, as evidence; it carries no verdict."""
    found, other = shared_change(b, a, base), shared_change(a, b, base)
    if isinstance(found, NotMeasured) or isinstance(other, NotMeasured):
        reason = next(one.reason for one in (found, other) if isinstance(one, NotMeasured))
        return not_measured(TEST, "skipped", reason.replace("the reference", "one of the two"))
    return test_result(
        TEST,
        statistic=found.slope,
        effect=max(-1.0, min(1.0, found.slope)),
        finding=f"beyond {base.ref}: B holds {_amount(found, 'A')}, A {_amount(other, 'B')}",
        count=found.matrices,
        coverage=found.coverage,
    )


_AMOUNTS: Mapping[Extent, str] = {
    "little": "little",
    "part": "a part",
    "multiple": "a constant multiple",
    "whole": "the whole",
}


def _amount(found: SharedChange, whose: str) -> str:
    return f"{_AMOUNTS[found.extent]} of {whose}'s change (slope {found.slope:.2f} ± {found.error:.2f})"


_Sums = tuple[float, float]


class _Change(Struct, frozen=True, eq=False):
    """What one matrix adds.

    Attributes:
        elements: read of each model.
        own_squares: squared size of the subject's change.
        all: inner product of the two changes and squared size of the reference's, over all directions.
        strong: the same over the strong directions.
        weak: the same over the weak ones.
        rounding: squared size that storing the models may leave of no change.
        subject: inner products of subject and base: with each other, of each with itself.
        reference: the same of reference and base.
    """

    elements: int
    own_squares: float
    all: _Sums
    strong: _Sums
    weak: _Sums
    rounding: float
    subject: Products
    reference: Products

    @property
    def is_in_order(self) -> bool:
        """Whether both models have the matrix in the base's order of rows and columns."""
        return min(correlation(self.subject), correlation(self.reference)) >= SIBLINGS.least_in_place


def _change(read: MatrixChanges) -> _Change:
    own, theirs = read.changes
    squares, directions = np.linalg.eigh(theirs @ theirs.T)
    squares, directions = squares[::-1], directions[:, ::-1]
    dots = np.einsum("ik,ij,jk->k", directions, own @ theirs.T, directions, optimize=True)
    count = int(np.count_nonzero(squares > SIBLINGS.negligible * squares[0]))
    return _Change(
        elements=read.elements,
        own_squares=float((own * own).sum()),
        all=(float(dots.sum()), float(squares.sum())),
        strong=_within(dots, squares, _STRONG, count),
        weak=_within(dots, squares, _WEAK, count),
        rounding=read.rounding,
        subject=read.with_base[0],
        reference=read.with_base[1],
    )


def _within(dots: DoubleArray, squares: DoubleArray, ranks: tuple[float, float], count: int) -> _Sums:
    """Sums over directions of some ranks, as shares of their count, the strongest first."""
    first, last = (round(rank * count) for rank in ranks)
    return float(dots[first:last].sum()), float(squares[first:last].sum())


def _moved(read: Sequence[_Change]) -> str:
    """Which of the two models has the most matrices in another order than the base."""
    ours = sum(correlation(part.subject) < SIBLINGS.least_in_place for part in read)
    theirs = sum(correlation(part.reference) < SIBLINGS.least_in_place for part in read)
    return "reference" if theirs > ours else "subject"


def _regressed(read: Sequence[_Change], coverage: float) -> SharedChange:
    whole, _ = _slope([part.all for part in read])
    strong, _ = _slope([part.strong for part in read])
    weak, error = _slope([part.weak for part in read])
    own, theirs = (sum(part.own_squares for part in read), sum(part.all[1] for part in read))
    explained = whole**2 * theirs / own if own > 0 else 0.0
    rounding = SIBLINGS.rounded_twice * sum(part.rounding for part in read) / own if own > 0 else 0.0
    return SharedChange(
        slope=weak,
        error=error,
        strong=strong,
        whole=whole,
        explained=min(1.0, explained),
        left=max(0.0, 1.0 - explained - rounding) if rounding < SIBLINGS.most_rounding else 1.0,
        matrices=len(read),
        coverage=min(1.0, coverage),
    )


def _slope(sums: Sequence[_Sums]) -> tuple[float, float]:
    """Slope through the origin over all matrices, with its standard error between them."""
    total = sum(square for _, square in sums)
    if not total > 0:
        return 0.0, math.inf
    slope = sum(dot for dot, _ in sums) / total
    left = sum((dot - slope * square) ** 2 for dot, square in sums)
    return slope, math.sqrt(left * len(sums) / max(1, len(sums) - 1)) / total
