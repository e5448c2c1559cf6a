"""Ways to explain a child by its parents, each with weights for any part of the model and what it leaves there.

All three answer the same questions, so that whoever chooses between them needs to know nothing of their methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.merging import algebra, spherical
from lineage_audit.comparison.merging.members import CommonPlace
from lineage_audit.comparison.merging.streaming import Grams
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS
from lineage_audit.results import MergeMethod, Share

DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ROUNDING_SQUARES = 9 / 12
"""Squared storage steps an element that rounding, of the child and on the way to it, may leave."""

_STATED_TO = 1e-4
"""No weight is stated more closely than this: what a merge was told and what it computed with differ by rounding."""


class Explanation(Protocol):
    """Weights of the parents, and what they leave."""

    @property
    def method(self) -> MergeMethod:
        """The method."""
        ...

    @property
    def residuals(self) -> DoubleArray:
        """Sum of squares that is left in each place, ``[places]``."""
        ...

    def weights_in(self, places: BoolArray) -> tuple[Share, ...]:
        """The parents' weights in some places, ``[places]``."""
        ...


class Material(Struct, frozen=True, eq=False):
    """What every explanation is made from.

    Attributes:
        places: the shared places.
        grams: their inner products.
        totals: the same by place, ``[places, vectors, vectors]``.
        cells: the number of the group and layer that each place belongs to, ``[places]``.
        has_base: whether a base was named.
    """

    places: tuple[CommonPlace, ...]
    grams: Grams
    totals: DoubleArray
    cells: npt.NDArray[np.int64]
    has_base: bool

    @property
    def rounding(self) -> DoubleArray:
        """Sum of squares that rounding may leave in each place, ``[places]``."""
        left = np.zeros(len(self.places))
        np.add.at(left, self.grams.places, self.grams.steps)
        return ROUNDING_SQUARES * left

    @property
    def to_explain(self) -> DoubleArray:
        """Sum of squares that there is to explain in each place, ``[places]``."""
        return np.array([algebra.fit(total, self.has_base).total for total in self.totals])

    @property
    def sizes(self) -> DoubleArray:
        """Sum of squares of the child in each place, ``[places]``."""
        return self.totals[:, 0, 0] + 2 * self.totals[:, 0, -1] + self.totals[:, -1, -1]

    def blocks_in(self, places: BoolArray) -> DoubleArray:
        """The Gram matrices of the blocks of some places."""
        return self.grams.values[places[self.grams.places]]


def gather(places: Sequence[CommonPlace], grams: Grams, has_base: bool) -> Material:
    """Put together what explanations are made from."""
    totals = np.zeros((len(places), *grams.values.shape[1:]))
    np.add.at(totals, grams.places, grams.values)
    numbers: dict[tuple[str, int | None], int] = {}
    cells = [numbers.setdefault((place.group, place.layer), len(numbers)) for place in places]
    return Material(tuple(places), grams, totals, np.array(cells), has_base)


class _LinearExplanation(Struct, frozen=True, eq=False):
    """A weighted sum of the parents: of themselves, or of what they added to a base."""

    material: Material
    method: MergeMethod
    residuals: DoubleArray

    def weights_in(self, places: BoolArray) -> tuple[Share, ...]:
        """See `Explanation`."""
        material = self.material
        grams = material.blocks_in(places)
        weights = algebra.fit(grams.sum(axis=0), material.has_base).weights
        low, high = algebra.intervals(grams, material.has_base)
        return shares(weights, low, high, dtype_of(material.places))


def explain_linearly(material: Material) -> _LinearExplanation:
    """Fit weights to every group of every layer; with a base, weights that do not sum to one are task arithmetic."""
    residuals = np.zeros(len(material.places))
    for chosen in _cells_of(material):
        weights = algebra.fit(material.totals[chosen].sum(axis=0), material.has_base).weights
        residuals[chosen] = [_left_by(total, weights, material.has_base) for total in material.totals[chosen]]
    whole = algebra.fit(material.totals.sum(axis=0), material.has_base).weights
    is_sum = not material.has_base or abs(float(whole.sum()) - 1.0) <= MERGE_METHODS.unit_sum
    return _LinearExplanation(material, "linear" if is_sum else "task-arithmetic", residuals)


class _SphericalExplanation(Struct, frozen=True, eq=False):
    """A share of the angle between two parents."""

    material: Material
    angles: DoubleArray
    residuals: DoubleArray
    method: MergeMethod = "slerp"

    def weights_in(self, places: BoolArray) -> tuple[Share, ...]:
        """See `Explanation`; the second parent's weight is the share of the angle."""
        blocks = places[self.material.grams.places]
        arc = spherical.fit_arc(
            self.material.grams.values[blocks], self.material.grams.places[blocks], self.angles, self.material.has_base
        )
        weights = np.array([1 - arc.t, arc.t])
        low, high = np.array([1 - arc.high, arc.low]), np.array([1 - arc.low, arc.high])
        return shares(weights, low, high, dtype_of(self.material.places))


def explain_spherically(material: Material) -> _SphericalExplanation | None:
    """Fit one share of the angle to every group of every layer; None unless there are two parents."""
    if material.totals.shape[-1] - 2 + (not material.has_base) != 2:
        return None
    angles = spherical.angles_of(material.totals, material.has_base)
    residuals = np.zeros(len(material.places))
    for chosen in _cells_of(material):
        numbers = np.flatnonzero(chosen)
        arc = spherical.fit_arc(material.totals[numbers], numbers, angles, material.has_base)
        residuals[numbers] = spherical.residuals(material.totals[numbers], angles[numbers], arc.t, material.has_base)
    return _SphericalExplanation(material, angles, residuals)


def _cells_of(material: Material) -> list[BoolArray]:
    """The places of every group of every layer."""
    return [material.cells == cell for cell in range(int(material.cells.max(initial=-1)) + 1)]


def _left_by(total: DoubleArray, weights: DoubleArray, has_base: bool) -> float:
    """Sum of squares that weights leave of one place."""
    coefficients = np.concatenate([[1.0], -(weights if has_base else weights[1:])])
    return max(0.0, float(coefficients @ total[:-1, :-1] @ coefficients))


def shares(weights: DoubleArray, low: DoubleArray, high: DoubleArray, dtype: str) -> tuple[Share, ...]:
    """Weights with intervals, widened by what the merge may have rounded its weights to."""
    step = 2.0 ** -(EXACT_BITS.get(dtype, EXACT_BITS["BF16"]) + 1)
    slack = np.maximum(_STATED_TO, step * np.abs(weights))
    return tuple(
        Share(float(weight), float(min(least, weight) - slip), float(max(most, weight) + slip))
        for weight, least, most, slip in zip(weights, low, high, slack, strict=True)
    )


def dtype_of(places: Sequence[CommonPlace]) -> str:
    """The type in which most of the child is stored."""
    sizes: dict[str, int] = {}
    for place in places:
        sizes[place.child.dtype] = sizes.get(place.child.dtype, 0) + place.child.size
    return max(sizes, key=lambda dtype: sizes[dtype]) if sizes else "F32"
