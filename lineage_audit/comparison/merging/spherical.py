"""SLERP: each tensor of the child at one share of the angle between the two parents' tensors.

Source: Shoemake, "Animating rotation with quaternion curves", 1985, as merging tools apply it: the angle is that of
the whole tensors, and nearly parallel ones are interpolated on the straight line.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.merging.algebra import resampled
from lineage_audit.comparison.reading.finite import NOTHING, ratio
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


_GRID = np.linspace(-0.5, 1.5, 401)
_REFINEMENTS = 12


class _Arc(Struct, frozen=True, eq=False):
    """A share of the angle and what it leaves.

    Attributes:
        t: the share: 0 is the first parent, 1 the second.
        low: lower end of its 95% interval.
        high: upper end.
        residual: sum of squares that it leaves.
    """

    t: float
    low: float
    high: float
    residual: float


def fit_arc(grams: DoubleArray, places: IntArray, angles: DoubleArray, has_base: bool) -> _Arc:
    """Fit one share of the angle to some blocks of two parents.

    Args:
        grams: the blocks as `streaming.Grams` has them, ``[blocks, vectors, vectors]``.
        places: the place of each block, ``[blocks]``.
        angles: the angle between the parents in every place, ``[places]``.
        has_base: whether a base was named.
    """
    present, inverse = np.unique(places, return_inverse=True)
    totals = np.zeros((len(present), *grams.shape[1:]))
    np.add.at(totals, inverse, grams)
    at = angles[present]
    t = float(_GRID[int(np.argmin([residuals(totals, at, share, has_base).sum() for share in _GRID]))])
    for _ in range(_REFINEMENTS):
        slope, curvature = _newton(totals, at, t, has_base)
        t += float(ratio(slope.sum(), curvature.sum()))
    slope, curvature = _newton(grams, at[inverse], t, has_base)
    chosen = resampled(len(grams))
    moved = t + ratio(chosen @ slope, chosen @ curvature)
    low, high = np.percentile(moved, (2.5, 97.5))
    return _Arc(t, float(low), float(high), float(residuals(totals, at, t, has_base).sum()))


def angles_of(totals: DoubleArray, has_base: bool) -> DoubleArray:
    """The angle between the two parents in every place from its whole Gram matrix, ``[places]``; 0 if straight."""
    first, second = _parent(totals, 0, has_base), _parent(totals, 1, has_base)
    inner = _form(totals, first, second)
    sizes = np.sqrt(
        np.maximum(_form(totals, first, first), NOTHING) * np.maximum(_form(totals, second, second), NOTHING)
    )
    cosines = np.clip(inner / sizes, -1.0, 1.0)
    return np.where(np.abs(cosines) > MERGE_METHODS.straight, 0.0, np.arccos(cosines))


def _parent(totals: DoubleArray, number: int, has_base: bool) -> DoubleArray:
    """A parent as a combination of the Gram matrix's vectors."""
    combination = np.zeros(totals.shape[-1])
    combination[-1] = 1.0
    if has_base or number:
        combination[number + has_base] = 1.0
    return combination


def _form(grams: DoubleArray, left: DoubleArray, right: DoubleArray) -> DoubleArray:
    """The inner product of two combinations in every Gram matrix."""
    product: DoubleArray = np.einsum("...i,...ij,...j->...", left, grams, right)
    return product


def _shares(angles: DoubleArray, t: float) -> tuple[DoubleArray, DoubleArray, DoubleArray, DoubleArray]:
    """The two parents' coefficients at a share of each angle, and their derivatives by the share."""
    safe = np.where(angles > 0, angles, 1.0)
    sine = np.sin(safe)
    first = np.where(angles > 0, np.sin((1 - t) * safe) / sine, 1 - t)
    second = np.where(angles > 0, np.sin(t * safe) / sine, t)
    first_slope = np.where(angles > 0, -safe * np.cos((1 - t) * safe) / sine, -1.0)
    second_slope = np.where(angles > 0, safe * np.cos(t * safe) / sine, 1.0)
    return first, second, first_slope, second_slope


def _combination(grams: DoubleArray, first: DoubleArray, second: DoubleArray, has_base: bool) -> DoubleArray:
    """Two coefficients a matrix as combinations of the vectors, ``[matrices, vectors]``."""
    one, other = _parent(grams, 0, has_base), _parent(grams, 1, has_base)
    return first[:, None] * one + second[:, None] * other


def _left_over(grams: DoubleArray, angles: DoubleArray, t: float, has_base: bool) -> DoubleArray:
    child = np.zeros(grams.shape[-1])
    child[0] = child[-1] = 1.0
    first, second, *_ = _shares(angles, t)
    return child - _combination(grams, first, second, has_base)


def residuals(grams: DoubleArray, angles: DoubleArray, t: float, has_base: bool) -> DoubleArray:
    """Sum of squares that a share of the angle leaves, ``[matrices]``."""
    left = _left_over(grams, angles, t, has_base)
    return np.maximum(_form(grams, left, left), 0.0)


def _newton(grams: DoubleArray, angles: DoubleArray, t: float, has_base: bool) -> tuple[DoubleArray, DoubleArray]:
    """Inner product of residual and derivative, and of the derivative with itself, in every Gram matrix."""
    left = _left_over(grams, angles, t, has_base)
    *_, first_slope, second_slope = _shares(angles, t)
    tangent = _combination(grams, first_slope, second_slope, has_base)
    return _form(grams, left, tangent), _form(grams, tangent, tangent)
