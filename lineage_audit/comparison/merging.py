"""A merge with its parents named: B - A as a weighted sum of what each parent added to A.

A is the common base. For every matrix that all of them have in one shape, the deltas' inner products are taken; the
weights are the least-squares ones over all matrices, their intervals a bootstrap over matrices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.axes import AXES, Axis
from lineage_audit.comparison.directed import DirectedOperation, directed
from lineage_audit.comparison.finite import zero_where_unusable
from lineage_audit.results import Direction

DoubleArray = npt.NDArray[np.float64]

LEAST_EXPLAINED = 0.5
"""Share of B - A that the parents together must explain."""

LEAST_GAIN = 0.03
"""What the parents together must explain beyond the best of them alone."""

LEAST_WEIGHT = 0.05
COLLINEAR = 0.95
"""Correlation of two parents' deltas from which their weights cannot be told apart."""

_CHUNK_ROWS = 1024
_RESAMPLES = 400


def find_merge(a: Checkpoint, b: Checkpoint, parents: Sequence[Checkpoint]) -> DirectedOperation | None:
    """Name the weights of a merge, or None where the named parents do not explain B better than one of them alone."""
    if not parents:
        return None
    grams = [_gram([a, b, *parents], tensor) for tensor in b.tensors if _is_shared(tensor, [a, *parents])]
    if not grams:
        return None
    total = np.sum(grams, axis=0)
    weights, explained = _solve(total)
    alone = max(_solve(total[np.ix_([0, i], [0, i])])[1] for i in range(1, len(total)))
    carrying = int(np.count_nonzero(weights >= LEAST_WEIGHT))
    if explained < LEAST_EXPLAINED or explained - alone < LEAST_GAIN or carrying < 2:
        return None
    low, high = _intervals(np.stack(grams))
    shares = ", ".join(
        f"{weight:.2f} ({least:.2f} to {most:.2f}) of {parent.ref}"
        for weight, least, most, parent in zip(weights, low, high, parents, strict=True)
    )
    evidence = f"the parents explain {explained:.1%} of B - A, the best of them alone {alone:.1%}"
    # Two convex weights: a parent made from the merge and the other parent would need weights beyond them.
    shows: Direction = "a->b" if (weights > 0).all() and (weights < 1).all() else "undetermined"
    return directed("merged", shares, evidence + _collinearity(total), shows)


def _is_shared(tensor: TensorRef, others: Sequence[Checkpoint]) -> bool:
    """Tell whether a matrix of B stands in the same place and shape in all others; token rows are left out."""
    if tensor.role not in AXES or Axis.TOKEN in AXES[tensor.role] or len(tensor.shape) != 2 or not is_readable(tensor):
        return False
    found = [other.by_key.get(tensor.key) for other in others]
    return all(one is not None and one.shape == tensor.shape and is_readable(one) for one in found)


def _gram(models: Sequence[Checkpoint], tensor: TensorRef) -> DoubleArray:
    """Inner products of the deltas from A of B and of each parent in one matrix, ``[1 + parents, 1 + parents]``."""
    gram = np.zeros((len(models) - 1, len(models) - 1))
    for start in range(0, tensor.shape[0], _CHUNK_ROWS):
        stop = min(tensor.shape[0], start + _CHUNK_ROWS)
        base, *rest = (
            zero_where_unusable(model.rows(model.by_key[tensor.key], start, stop)).ravel().astype(np.float64)
            for model in models
        )
        deltas = np.stack([values - base for values in rest])
        gram += deltas @ deltas.T
    return gram


def _solve(gram: DoubleArray) -> tuple[DoubleArray, float]:
    """Least-squares weights of the parents, and the share of B's delta that they explain."""
    inner, target, size = gram[1:, 1:], gram[1:, 0], gram[0, 0]
    weights: DoubleArray = np.linalg.lstsq(inner, target, rcond=1e-10)[0].astype(np.float64)
    return weights, float(weights @ target / size) if size > 0 else 0.0


def _intervals(grams: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """95% intervals of the weights, by resampling matrices."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(grams), (_RESAMPLES, len(grams)))
    weights = np.stack([_solve(grams[chosen].sum(axis=0))[0] for chosen in drawn])
    low, high = np.percentile(weights, (2.5, 97.5), axis=0)
    return low, high


def _collinearity(gram: DoubleArray) -> str:
    """A warning where two parents added nearly the same."""
    inner = gram[1:, 1:]
    sizes = np.sqrt(np.maximum(np.diagonal(inner), 1e-300))
    correlation = inner / np.outer(sizes, sizes)
    np.fill_diagonal(correlation, 0.0)
    largest = float(np.abs(correlation).max(initial=0.0))
    return (
        f"; two parents' deltas correlate at {largest:.2f}: their weights are uncertain" if largest > COLLINEAR else ""
    )
