"""Merges among the models, from distances alone: squared distances give every inner product of what was added.

With a base 0, <i - 0, j - 0> = (d(0,i)² + d(0,j)² - d(i,j)²) / 2, so that the least-squares weights of two parents,
and what they leave of a third model, need no weight to be read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.verdict.thresholds import MERGES_IN_TREES
from lineage_audit.library.trees.pairs import Pairs

DoubleArray = npt.NDArray[np.float64]


class Mixture(Struct, frozen=True):
    """A model that is a merge of two others.

    Attributes:
        child: its position.
        parents: the two others.
        weights: their weights.
        unexplained: share of what was added to the base that they leave.
    """

    child: int
    parents: tuple[int, int]
    weights: tuple[float, float]
    unexplained: float


def on_segments(pairs: Pairs, models: Sequence[int]) -> tuple[Mixture, ...]:
    """Find models that lie on the straight line between two others: linear and SLERP merges, whatever their base."""
    return _compatible([found for child in models for found in _between(pairs, child, models)])


def over_base(pairs: Pairs, models: Sequence[int], base: int) -> tuple[Mixture, ...]:
    """Find merges of what two others added to a base, where their weights need not sum to one."""
    children = [
        child for child in models if child != base and pairs.distance[child, base] > MERGES_IN_TREES.least_distance
    ]
    return _compatible([found for child in children for found in _of(pairs, child, base, models)])


def _compatible(candidates: Sequence[Mixture]) -> tuple[Mixture, ...]:
    """The best explained first; a merge that was found is no parent of another one, and has one pair of parents."""
    taken: dict[int, Mixture] = {}
    parents: set[int] = set()
    for found in sorted(candidates, key=lambda one: one.unexplained):
        if found.child not in taken and found.child not in parents and not taken.keys() & set(found.parents):
            taken[found.child] = found
            parents.update(found.parents)
    return tuple(taken.values())


def _between(pairs: Pairs, child: int, models: Sequence[int]) -> list[Mixture]:
    """Pairs of other models on whose connecting line a child lies, well away from both ends."""
    others = [
        one
        for one in models
        if MERGES_IN_TREES.least_distance < pairs.distance[child, one] < np.inf and pairs.structures[child, one] == 0
    ]
    found = []
    for i, j in combinations(others, 2):
        length = pairs.distance[i, j] ** 2
        if not np.isfinite(length) or pairs.structures[i, j]:
            continue
        to_i, to_j = pairs.distance[child, i] ** 2, pairs.distance[child, j] ** 2
        share = (to_i + length - to_j) / (2 * length)
        aside = to_i - share**2 * length
        if MERGES_IN_TREES.least_share <= share <= 1 - MERGES_IN_TREES.least_share and abs(
            aside
        ) <= MERGES_IN_TREES.aside * min(to_i, to_j):
            found.append(Mixture(child, (i, j), (float(1 - share), float(share)), float(abs(aside) / min(to_i, to_j))))
    return found


def _of(pairs: Pairs, child: int, base: int, models: Sequence[int]) -> list[Mixture]:
    """Mixtures of one child over one base: every pair of the others at once."""
    others = np.array(
        [
            one
            for one in models
            if one not in (child, base)
            and pairs.structures[child, one] == pairs.structures[base, one] == 0
            and MERGES_IN_TREES.least_distance < pairs.distance[child, one] < np.inf
            and MERGES_IN_TREES.least_distance < pairs.distance[base, one] < np.inf
        ],
        dtype=int,
    )
    if len(others) < 2 or pairs.structures[child, base] or not np.isfinite(pairs.distance[child, base]):
        return []
    first, second = np.triu_indices(len(others), 1)
    i, j = others[first], others[second]
    squared = pairs.distance**2
    near = (
        (pairs.distance[i, j] > MERGES_IN_TREES.least_distance)
        & np.isfinite(pairs.distance[i, j])
        & (pairs.structures[i, j] == 0)
    )
    i, j = i[near], j[near]
    total = squared[child, base]
    gi, gj, gij = squared[base, i], squared[base, j], (squared[base, i] + squared[base, j] - squared[i, j]) / 2
    yi = (squared[base, i] + total - squared[child, i]) / 2
    yj = (squared[base, j] + total - squared[child, j]) / 2
    determinant = gi * gj - gij**2
    usable = determinant > 0.1 * gi * gj
    safe = np.where(usable, determinant, 1.0)
    wi, wj = (yi * gj - yj * gij) / safe, (yj * gi - yi * gij) / safe
    left = 1 - (wi * yi + wj * yj) / total
    alone = 1 - np.maximum(yi**2 / gi, yj**2 / gj) / total
    least, most = MERGES_IN_TREES.least_weight, 1 - MERGES_IN_TREES.least_weight
    is_convex = (wi >= least) & (wj >= least) & (wi < most) & (wj < most)
    is_whole = (wi + wj >= MERGES_IN_TREES.least_sum) & (wi + wj <= MERGES_IN_TREES.largest_sum)
    explains = (np.abs(left) <= MERGES_IN_TREES.unexplained) & (left <= MERGES_IN_TREES.gain * alone)
    return [
        Mixture(child, (int(i[k]), int(j[k])), (float(wi[k]), float(wj[k])), float(max(0.0, left[k])))
        for k in np.flatnonzero(usable & is_convex & is_whole & explains)
    ]
