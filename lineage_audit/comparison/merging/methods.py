"""What each method makes of one tensor of its parents, as merging tools do; random draws are no part of it.

Sources: Shoemake, "Animating rotation with quaternion curves", 1985; Ilharco et al., "Editing models with task
arithmetic", 2023; Yadav et al., "TIES-Merging", 2023; Davari and Belilovsky, "Model breadcrumbs", 2024.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS
from lineage_audit.results import MergeMethod

DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_BY_SIZE: frozenset[MergeMethod] = frozenset({"ties", "magnitude-pruned", "breadcrumbs", "breadcrumbs-ties"})
"""Methods that keep elements of the parents' deltas by their size."""

_ELECTING: frozenset[MergeMethod] = frozenset({"ties", "breadcrumbs-ties"})


class Told(Struct, frozen=True, eq=False):
    """What a method is told for one tensor.

    Attributes:
        method: its name.
        weights: one a parent.
        densities: share of each delta to keep; empty where all of it is.
        outliers: share of the largest elements of each delta to drop.
        factor: what the sum of deltas is multiplied by.
        normalized: whether weights are divided by the sum of those kept.
    """

    method: MergeMethod
    weights: DoubleArray
    densities: tuple[float, ...]
    outliers: tuple[float, ...]
    factor: float
    normalized: bool


def merge_tensor(told: Told, parents: DoubleArray, base: DoubleArray | None) -> DoubleArray | None:
    """The merged elements; None where a draw decides them.

    Args:
        told: what the method is told.
        parents: the parents' elements, ``[parents, elements]``.
        base: the base's, ``[elements]``, or None.
    """
    if told.method == "slerp":
        return _on_the_arc(parents[0], parents[1], float(told.weights[1]))
    if told.method == "linear":
        merged: DoubleArray = told.weights @ parents / told.weights.sum()
        return merged
    if base is None or told.method not in ("task-arithmetic", *_BY_SIZE):
        return None
    return base + _added(told, parents - base)


def _on_the_arc(first: DoubleArray, second: DoubleArray, share: float) -> DoubleArray:
    """The point at a share of the angle between two tensors; on the straight line where they are nearly parallel."""
    sizes = float(np.linalg.norm(first) * np.linalg.norm(second))
    cosine = float(first @ second) / sizes if sizes > 0 else 1.0
    if abs(cosine) > MERGE_METHODS.straight:
        return (1.0 - share) * first + share * second
    angle = np.arccos(cosine)
    point: DoubleArray = (np.sin((1.0 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle)
    return point


def _added(told: Told, deltas: DoubleArray) -> DoubleArray:
    """What is added to the base."""
    weights = np.broadcast_to(told.weights[:, None], deltas.shape)
    if told.method in _BY_SIZE:
        kept = np.stack([_kept_by_size(*one) for one in zip(deltas, told.densities, told.outliers, strict=True)])
        deltas, weights = np.where(kept, deltas, 0.0), np.where(kept, weights, 0.0)
    summed = weights * deltas
    if told.method in _ELECTING:
        agrees = np.sign(summed) == np.sign(summed.sum(axis=0))
        summed, weights = np.where(agrees, summed, 0.0), np.where(agrees, weights, 0.0)
    total: DoubleArray = summed.sum(axis=0)
    if told.normalized:
        held = weights.sum(axis=0)
        total = np.divide(total, held, out=np.zeros_like(total), where=np.abs(held) > 1e-8)
    return told.factor * total


def _kept_by_size(delta: DoubleArray, density: float, outliers: float) -> BoolArray:
    """The largest elements but the very largest."""
    largest = round(outliers * len(delta))
    smallest = max(0, len(delta) - round(density * len(delta)) - largest)
    kept = np.zeros(len(delta), dtype=bool)
    kept[np.argsort(np.abs(delta), kind="stable")[smallest : len(delta) - largest]] = True
    return kept
