"""Rows of a matrix that hold a table by one formula: sinusoids, cosines, ramps, the same in any two models.

Where most of a matrix was trained, some rows may be such a table (positions or filters in one matrix with what was
learned). Numbers by a smooth formula follow from the two before them, which trained weights of a language model do
not: a sinusoid of any frequency obeys x[k+1] = c x[k] - x[k-1].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.reading.constants import without_constants, without_set_diagonal

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_LOOKED_AT = 32
"""Last numbers of a row that are looked at: where frequencies fall along it, these are the slow ones."""

_STEPS = (1, 2)
"""From one number of a formula to the next: sines and cosines may take turns."""

_LEFT = 0.02
"""Share of a row's size that a formula leaves unexplained at most; of a trained row it leaves nearly all."""


def without_set(values: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """Set to zero all that was set rather than trained: constants, identities and tables; as given where none was.

    Args:
        values: some rows of a matrix of a language model, ``[n, width]``.
        rows: their numbers, ``[n]``.
    """
    return without_tables(without_set_diagonal(values, rows) if values.shape[1] > 1 else without_constants(values))


def without_tables(values: FloatArray) -> FloatArray:
    """Set to zero the rows that follow a formula; a matrix ``[n, width]`` without any is given back as it is."""
    if values.shape[1] < _LOOKED_AT:
        return values
    tables = _follow_a_formula(values[:, -_LOOKED_AT:])
    return np.where(tables[:, None], np.float32(0), values) if tables.any() else values


def _follow_a_formula(rows: FloatArray) -> BoolArray:
    """Whether each row's numbers follow from those before them, ``[n]``."""
    with np.errstate(invalid="ignore", over="ignore"):
        found: BoolArray = np.logical_or(*(_is_predicted(rows, step) for step in _STEPS))
    return found


def _is_predicted(rows: FloatArray, step: int) -> BoolArray:
    """Whether little of each row is left when every number is predicted from the two before it; never of zeros."""
    before, now, after = rows[:, : -2 * step], rows[:, step:-step], rows[:, 2 * step :]
    target = after + before
    ours, both, theirs = (np.einsum("ij,ij->i", x, y) for x, y in ((target, target), (target, now), (now, now)))
    whole = ours * theirs
    predicted: BoolArray = (both**2 >= (1 - _LEFT) * whole) & (whole > 0) & np.isfinite(whole)
    return predicted
