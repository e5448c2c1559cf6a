"""A change of a base that several models' changes make up: the merge of more than one parent that is not named.

Of one parent a merge holds its weight, and a weight below one is also what drifting alike looks like. Of all parents
together it holds everything: the subject's change is a sum of theirs, and nothing is left. Fine-tunes of one base never
leave so little of each other, however many of them are taken. Calibrated, never exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.comparison.changes import DoubleArray, MatrixChanges, changes_of
from lineage_audit.comparison.siblings import NotMeasured
from lineage_audit.comparison.verdict.thresholds import SIBLINGS
from lineage_audit.sizes import plural

MOST_PARENTS = 8
"""Most references that are taken together."""


class JointChange(Struct, frozen=True):
    """What several references' changes make up of the subject's.

    Attributes:
        weights: of each reference, in the order given.
        left: share of the subject's change that they leave, beyond what rounding may leave.
        without: of each reference, what the others leave.
        matrices: matrices that entered.
    """

    weights: tuple[float, ...]
    left: float
    without: tuple[float, ...]
    matrices: int

    @property
    def parents(self) -> tuple[int, ...]:
        """Which of the references the subject is a merge of; none where it is no merge of them alone.

        Each must be needed. Models that were lightly tuned from one fine-tune leave little of each other, too, but as
        little when one of them is missing.
        """
        taken = tuple(number for number, weight in enumerate(self.weights) if abs(weight) >= SIBLINGS.least_multiple)
        are_parts = all(0 < self.weights[number] <= SIBLINGS.most_weight for number in taken)
        are_needed = all(self.without[number] >= SIBLINGS.missed * self.left for number in taken)
        return taken if self.left <= SIBLINGS.most_left and are_parts and are_needed and len(taken) > 1 else ()

    def sentence(self, names: Sequence[str]) -> str:
        """Weights and rest in words, for a report; the names are those of the references."""
        parts = " and ".join(f"{self.weights[number]:.2f} of {names[number]}'s" for number in self.parents)
        return (
            f"the subject's change is {parts}, which together leave {self.left:.1%} of it "
            f"({plural(self.matrices, 'matrix')}, calibrated)"
        )


def joint_change(
    subject: Checkpoint, references: Sequence[Checkpoint], base: Checkpoint, part: ModelPart | None = None
) -> JointChange | NotMeasured:
    """Fit the subject's change of a base by those of several references at once.

    Args:
        subject: the model in question.
        references: models that it may be a merge of, at most ``MOST_PARENTS``.
        base: the common base of all.
        part: the part of the models that is asked about; None for the language model's core.
    """
    read = (one for one in changes_of((subject, *references), base, part) if one.is_in_order)
    fitted = [_fitted(one) for one in read]
    if len(fitted) < SIBLINGS.fewest_matrices:
        return NotMeasured("too few matrices stand in the base's order in all models")
    own, rounding = sum(float(one.products[0, 0]) for one in fitted), sum(one.rounding for one in fitted)
    products = sum((one.products for one in fitted), start=np.zeros_like(fitted[0].products))
    if not own > 0 or SIBLINGS.rounded_twice * rounding / own >= SIBLINGS.most_rounding:
        return NotMeasured("the subject differs from the base by little more than rounding")
    left, *without = (
        max(0.0, (sum(sums) - SIBLINGS.rounded_twice * rounding) / own)
        for sums in zip(*(one.left for one in fitted), strict=True)
    )
    return JointChange(tuple(map(float, _weights(products))), left, tuple(without), len(fitted))


class _Fit(Struct, frozen=True, eq=False):
    """What one matrix adds; a merge may have other weights in each, as those that blend layers by their depth do.

    Attributes:
        products: inner products of all changes, the subject's first.
        left: the squares that the references leave of the subject's change: all of them, then without each.
        rounding: the squares that rounding may leave.
    """

    products: DoubleArray
    left: tuple[float, ...]
    rounding: float


def _fitted(read: MatrixChanges) -> _Fit:
    flat = np.stack([change.ravel() for change in read.changes])
    kept = [np.arange(len(flat)), *(np.delete(np.arange(len(flat)), number) for number in range(1, len(flat)))]
    products = flat @ flat.T
    left = tuple(_left(flat[rows], products[np.ix_(rows, rows)]) for rows in kept)
    return _Fit(products, left, read.rounding)


def _weights(products: DoubleArray) -> DoubleArray:
    return np.asarray(np.linalg.lstsq(products[1:, 1:], products[1:, 0], rcond=None)[0], dtype=np.float64)


def _left(changes: DoubleArray, products: DoubleArray) -> float:
    """Square of what the other rows leave of the first, taken from the rest itself: it may be next to nothing."""
    rest = changes[0] - _weights(products) @ changes[1:]
    return float(rest @ rest)
