"""One-to-one assignment by similarity, solved only where the rows' own maxima contradict each other."""

from __future__ import annotations

import math
from collections.abc import Callable

import lap
import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS

_SOLVED_AT_MOST = 3000
"""Rows that the Jonker-Volgenant method is given; its cost is their cube."""

ROWS_AT_ONCE = 256
"""Rows that are looked at together, since they are copied."""


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
    return assign_from_best(
        similarity.argmax(axis=1).astype(np.int64),
        similarity.shape[1],
        lambda rows, columns: similarity[np.ix_(rows, columns)],
    )


def assign_from_best(
    best: IntArray, count: int, similarity_of: Callable[[IntArray, IntArray], npt.NDArray[np.float32]]
) -> IntArray:
    """The same, where only each row's best column is at hand.

    Args:
        best: each row's best column, ``[rows]``; becomes the answer.
        count: number of columns.
        similarity_of: rows and columns -> their similarity ``[rows, columns]``, asked for those that are left.
    """
    _, first, counts = np.unique(best, return_index=True, return_counts=True)
    settled = np.zeros(len(best), dtype=bool)
    settled[first[counts == 1]] = True
    if settled.all():
        return best
    rows = np.flatnonzero(~settled)
    columns = np.setdiff1d(np.arange(count), best[settled])
    best[rows] = columns[_solve(similarity_of(rows, columns))]
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
    for start in range(0, len(tied), ROWS_AT_ONCE):
        rows = tied[start : start + ROWS_AT_ONCE]
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
    starts = range(0, len(similarity), ROWS_AT_ONCE)
    return np.concatenate([best_and_margin(similarity[start : start + ROWS_AT_ONCE].copy())[1] for start in starts])


def best_and_margin(similarity: npt.NDArray[np.float32]) -> tuple[IntArray, npt.NDArray[np.float32]]:
    """Each row's largest entry's column, and by how much it leads the second; the array's largest are overwritten."""
    rows, best = np.arange(len(similarity)), similarity.argmax(axis=1)
    largest = similarity[rows, best]
    similarity[rows, best] = -np.inf
    return best.astype(np.int64), largest - similarity.max(axis=1)
