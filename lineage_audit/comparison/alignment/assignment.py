"""One-to-one assignment by similarity, solved only where the rows' own maxima contradict each other."""

from __future__ import annotations

import math

import lap
import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS

_SOLVED_AT_MOST = 3000
"""Rows that the Jonker-Volgenant method is given; its cost is their cube."""

_ROWS_AT_ONCE = 1024
"""Rows that are sorted at a time, since sorting copies them."""


_MATCHED_WELL = 0.5
_TIED = 0.1
"""Rows whose best column agrees this well and leads by less than a share of that are asked for copies among theirs."""

_COMPETITORS = 8


def assign(similarity: npt.NDArray[np.float32]) -> IntArray:
    """For each row the column that it is assigned to, each column once.

    Rows that share no best column with another row keep it. The rest is solved by the Jonker-Volgenant method among the
    columns left (in order of their maxima where there are too many), so the sum is the largest where all rows agree
    and close to it otherwise.

    Args:
        similarity: ``[rows, columns]`` with at least as many columns as rows.
    """
    best: IntArray = similarity.argmax(axis=1).astype(np.int64)
    _, first, counts = np.unique(best, return_index=True, return_counts=True)
    settled = np.zeros(len(best), dtype=bool)
    settled[first[counts == 1]] = True
    if settled.all():
        return best
    rows = np.flatnonzero(~settled)
    columns = np.setdiff1d(np.arange(similarity.shape[1]), best[settled])
    best[rows] = columns[_solve(similarity[np.ix_(rows, columns)])]
    return best


def _solve(similarity: npt.NDArray[np.float32]) -> IntArray:
    """Assign the rows that are left."""
    if len(similarity) > _SOLVED_AT_MOST:
        return _in_order_of_maxima(similarity)
    _, columns = lap.lapjvr(-similarity, extend_cost=True, return_cost=False)
    assigned: IntArray = columns
    return assigned


def _in_order_of_maxima(similarity: npt.NDArray[np.float32]) -> IntArray:
    """Greedy: rows choose in order of their maxima, one round at a time over all rows that are left."""
    left = similarity.copy()
    assigned = np.full(len(left), -1, dtype=np.int64)
    while (open_rows := np.flatnonzero(assigned < 0)).size:
        wanted = left[open_rows].argmax(axis=1)
        order = np.argsort(-left[open_rows, wanted], kind="stable")
        columns, winners = np.unique(wanted[order], return_index=True)
        assigned[open_rows[order[winners]]] = columns
        left[:, columns] = -np.inf
    return assigned


def clear_match_margin(floor: float, width: int) -> float:
    """The match margin that counts as clear at a width: ``floor``, or twice what random directions show if larger.

    The two largest of many |cosines| of random directions lie about 0.4 / √width apart.
    """
    return max(floor, 0.8 / math.sqrt(max(1, width)))


def mean_match_margin(similarity: npt.NDArray[np.float32], candidates: npt.NDArray[np.float32] | None = None) -> float:
    """Mean difference of each row's largest and second largest entry; 0 with a single column.

    Args:
        similarity: ``[rows, columns]``.
        candidates: unit vectors of the columns; a copy of the best one then is no competitor to it.
    """
    if similarity.shape[1] < 2 or not len(similarity):
        return 0.0
    margins = match_margins(similarity)
    if candidates is not None:
        margins = _over_distinct(similarity, candidates, margins)
    return float(margins.mean())


def _over_distinct(
    similarity: npt.NDArray[np.float32], candidates: npt.NDArray[np.float32], margins: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The same margins, of rows that match several columns well over the best column that is no copy of the first."""
    largest = similarity.max(axis=1)
    tied = np.flatnonzero((largest >= _MATCHED_WELL) & (margins < _TIED * largest))
    count = min(_COMPETITORS, similarity.shape[1])
    found = margins.copy()
    for start in range(0, len(tied), _ROWS_AT_ONCE):
        rows = tied[start : start + _ROWS_AT_ONCE]
        first = np.argpartition(-similarity[rows], count - 1, axis=1)[:, :count]
        sizes = np.take_along_axis(similarity[rows], first, axis=1)
        order = np.argsort(-sizes, axis=1, kind="stable")
        sizes, vectors = np.take_along_axis(sizes, order, axis=1), candidates[np.take_along_axis(first, order, axis=1)]
        distinct = np.abs(np.einsum("nw,nkw->nk", vectors[:, 0], vectors)) < MATCHED_UNITS.copy
        second = np.where(distinct, sizes, -np.inf).max(axis=1)
        found[rows] = sizes[:, 0] - np.where(np.isfinite(second), second, sizes[:, -1])
    return found


def match_margins(similarity: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Difference of each row's largest and second largest entry, ``[rows]``; needs two columns."""
    found = []
    for start in range(0, len(similarity), _ROWS_AT_ONCE):
        top_two = np.partition(similarity[start : start + _ROWS_AT_ONCE], -2, axis=1)[:, -2:]
        found.append(top_two[:, 1] - top_two[:, 0])
    return np.concatenate(found)
