"""What was set in a matrix rather than trained: constants, identities, tables by one formula.

Under the null such values have no sign and no number of their own, whatever their place in a matrix, and two strangers
may have the same. One value over a run of neighbours is a padding row, a mask, a diagonal of ones or a part of a row:
trained weights do not repeat over so long a run, not even where three values are all that there are. Rows of a matrix
that was trained otherwise may hold sinusoids, cosines or ramps (positions, filters). Their numbers follow from the two
before them, which trained weights of a language model do not: a sinusoid of any frequency obeys
x[k+1] = c x[k] - x[k-1].
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

RUN = 16
"""Neighbours that hold one value from which on it was set: of three values as many agree once in 10^7 places."""

_FEWEST_ON_DIAGONAL = 8
"""Rows that stand apart and hold one value on the diagonal, from which on it was set."""

_FAR = 8.0
"""Standard errors of a diagonal's mean from zero beyond which it was set."""

_LOOKED_AT = 16
"""Rows that tell the size of a matrix's elements."""

_STEPS = ((0, 1), (1, 0), (1, 1))
"""From an element to its neighbour: along the row, down the column, down the diagonal."""

_EACH = 3
"""Every third element is looked at first: five of a run's sixteen, which hold one value four times in a row."""

_LAST_NUMBERS = 32
"""Last numbers of a row that are looked at: where frequencies fall along it, these are the slow ones."""

_STRIDES = (1, 2)
"""From one number of a formula to the next: sines and cosines may take turns."""

_LEFT = 0.02
"""Share of a row's size that a formula leaves unexplained at most; of a trained row it leaves nearly all."""


def without_constants(values: FloatArray) -> FloatArray:
    """Set to zero what lies in a run of one value; a matrix ``[n, width]`` without any is given back as it is."""
    found = [runs for step in _STEPS if (runs := _runs(values, step)) is not None]
    return np.where(np.logical_or.reduce(found), np.float32(0), values) if found else values


def without_set_diagonal(values: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """The same, with the matrix's diagonal cleared as well where it was set: one value, or far from the rest's mean.

    An identity to begin with leaves ones on the diagonal, whatever was trained on top of them. A matrix with more rows
    than columns may hold several identities, one below the other.

    Args:
        values: some rows of a matrix, ``[n, width]``.
        rows: their numbers, ``[n]``.
    """
    identity, column = np.divmod(rows, values.shape[1])
    diagonal = values[np.arange(len(rows)), column]
    own = [chosen for chosen in _far_from_zero(diagonal, identity) if _is_set(diagonal[chosen], values)]
    cleared = without_constants(values)  # first: a diagonal that is cleared cuts the runs that it crosses
    if own and cleared is values:
        cleared = values.copy()
    for chosen in own:
        cleared[chosen, column[chosen]] = 0
    return cleared


def _far_from_zero(diagonal: FloatArray, identity: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Where the diagonals of one identity each lie whose means are beyond what their own spread gives."""
    counts = np.bincount(identity)
    sums, squares = (np.bincount(identity, part) for part in (diagonal, np.square(diagonal)))
    with np.errstate(invalid="ignore", over="ignore"):  # weights that are no numbers lie nowhere
        far = counts * sums**2 > _FAR**2 * np.maximum(0.0, counts * squares - sums**2)
    for number in np.flatnonzero(far & (counts >= _FEWEST_ON_DIAGONAL) & (sums != 0)):
        yield np.flatnonzero(identity == number)


def _is_set(diagonal: FloatArray, values: FloatArray) -> bool:
    """Tell whether a diagonal holds one value, or a mean that elements of that size would not have."""
    if bool((diagonal == diagonal[0]).all()):
        return True
    size = float(np.sqrt(np.median(np.square(values[:_LOOKED_AT]).mean(axis=1))))
    return abs(float(diagonal.mean())) > _FAR * size / math.sqrt(len(diagonal))


def _may_hold_runs(values: FloatArray, step: tuple[int, int]) -> bool:
    """Tell whether every third element leaves room for a run of one value other than zero; most matrices do not."""
    down, along = step
    looked_at = values[::_EACH] if down else values[:, ::_EACH]
    apart = _EACH * along if down else along  # along the other axis all elements are there
    now, before = looked_at[down:, apart:], looked_at[: len(looked_at) - down, : looked_at.shape[1] - apart]
    same = (now == before) & (now != 0)
    for reach in (1, 2):  # twice in a row, then four times
        n, w = same.shape[0] - down * reach, same.shape[1] - apart * reach
        if n <= 0 or w <= 0:
            return False
        same = same[:n, :w] & same[down * reach :, apart * reach :]
    return bool(same.any())


def _runs(values: FloatArray, step: tuple[int, int]) -> BoolArray | None:
    """Elements that lie in a run of one value other than zero, ``[n, width]``; None where there are none."""
    down, along = step
    rows, width = values.shape
    if rows - down * (RUN - 1) <= 0 or width - along * (RUN - 1) <= 0 or not _may_hold_runs(values, step):
        return None
    same = values[down:, along:] == values[: rows - down, : width - along]
    if np.count_nonzero(same) < RUN - 1:
        return None
    same &= values[down:, along:] != 0
    starts, length = same, 2
    while length < RUN and starts.any():  # whether a run of ``length`` starts here, then of nearly twice as many
        reach = min(length - 1, RUN - length)
        n, w = starts.shape[0] - down * reach, starts.shape[1] - along * reach
        starts = starts[:n, :w] & starts[down * reach :, along * reach :]
        length += reach
    if not starts.any():
        return None
    found = np.zeros(values.shape, bool)
    n, w = starts.shape
    for shift in range(RUN):
        found[down * shift : down * shift + n, along * shift : along * shift + w] |= starts
    return found


def without_set(values: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
    """Set to zero all that was set rather than trained: constants, identities and tables; as given where none was.

    Args:
        values: some rows of a matrix of a language model, ``[n, width]``.
        rows: their numbers, ``[n]``.
    """
    return without_tables(without_set_diagonal(values, rows) if values.shape[1] > 1 else without_constants(values))


def without_tables(values: FloatArray) -> FloatArray:
    """Set to zero the rows that follow a formula; a matrix ``[n, width]`` without any is given back as it is."""
    if values.shape[1] < _LAST_NUMBERS:
        return values
    tables = _follow_a_formula(values[:, -_LAST_NUMBERS:])
    return np.where(tables[:, None], np.float32(0), values) if tables.any() else values


def _follow_a_formula(rows: FloatArray) -> BoolArray:
    """Whether each row's numbers follow from those before them, ``[n]``."""
    with np.errstate(invalid="ignore", over="ignore"):
        found: BoolArray = np.logical_or(*(_is_predicted(rows, step) for step in _STRIDES))
    return found


def _is_predicted(rows: FloatArray, step: int) -> BoolArray:
    """Whether little of each row is left when every number is predicted from the two before it; never of zeros."""
    before, now, after = rows[:, : -2 * step], rows[:, step:-step], rows[:, 2 * step :]
    target = after + before
    ours, both, theirs = (np.einsum("ij,ij->i", x, y) for x, y in ((target, target), (target, now), (now, now)))
    whole = ours * theirs
    predicted: BoolArray = (both**2 >= (1 - _LEFT) * whole) & (whole > 0) & np.isfinite(whole)
    return predicted
