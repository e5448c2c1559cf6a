"""Least squares on inner products: the weights of a merge, their intervals, what they leave, who is collinear."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.reading.finite import NOTHING
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

DoubleArray = npt.NDArray[np.float64]


RESAMPLES = 400
_RANK = 1e-10


class _Fit(Struct, frozen=True, eq=False):
    """Weights of the parents with what they leave.

    Attributes:
        weights: one a parent, ``[parents]``.
        residual: sum of squares that the weights leave.
        total: sum of squares that there was to explain.
    """

    weights: DoubleArray
    residual: float
    total: float

    @property
    def explained(self) -> float:
        """Share of what there was that the weights explain, at least zero."""
        return max(0.0, 1.0 - self.residual / self.total) if self.total > 0 else 0.0


def fit_to_base(gram: DoubleArray) -> _Fit:
    """Fit child - base = sum of w_i (parent_i - base); ``gram`` as `streaming.Grams` has it with a base."""
    weights = _solved(gram)
    return _Fit(weights, _left(gram, weights), float(gram[0, 0]))


def _fit_to_sum(gram: DoubleArray) -> _Fit:
    """Fit child = sum of w_i parent_i with weights that sum to one; ``gram`` without a base.

    What there was to explain is the mean squared distance of the child from its parents.
    """
    others = _solved(gram)
    weights = np.concatenate([[1.0 - others.sum()], others])
    distances = [gram[0, 0]]
    distances += [gram[0, 0] - 2 * gram[0, i] + gram[i, i] for i in range(1, len(gram) - 1)]
    return _Fit(weights, _left(gram, others), float(np.mean(distances)))


def fit(gram: DoubleArray, has_base: bool) -> _Fit:
    """Fit the weights in the way that the named models allow."""
    return fit_to_base(gram) if has_base else _fit_to_sum(gram)


def intervals(grams: DoubleArray, has_base: bool, seed: int = 0) -> tuple[DoubleArray, DoubleArray]:
    """95% intervals of the weights by resampling blocks, ``grams`` being ``[blocks, vectors, vectors]``."""
    chosen = resampled(len(grams), seed)
    weights = np.stack([fit(total, has_base).weights for total in np.tensordot(chosen, grams, axes=1)])
    low, high = np.percentile(weights, (2.5, 97.5), axis=0)
    return low, high


def resampled(blocks: int, seed: int = 0) -> DoubleArray:
    """How often each block is drawn in each resample, ``[RESAMPLES, blocks]``."""
    rng = np.random.default_rng(seed)
    counts: DoubleArray = rng.multinomial(blocks, np.full(blocks, 1 / blocks), RESAMPLES).astype(np.float64)
    return counts


def collinear_pairs(gram: DoubleArray, has_base: bool) -> tuple[tuple[int, int, float], ...]:
    """Pairs of parents whose deltas correlate above `COLLINEAR`, with the correlation.

    Without a base, deltas are taken from the parents' mean; two parents alone are then collinear by definition, and
    no pair is reported.
    """
    deltas = gram[1:-1, 1:-1]
    if not has_base:
        whole = np.zeros((len(deltas) + 1, len(deltas) + 1))
        whole[1:, 1:] = deltas
        centring = np.eye(len(whole)) - 1 / len(whole)
        deltas = centring @ whole @ centring
        if len(deltas) < 3:
            return ()
    sizes = np.sqrt(np.maximum(np.diagonal(deltas), NOTHING))
    correlations = deltas / np.outer(sizes, sizes)
    found = ((i, j, float(correlations[i, j])) for i, j in combinations(range(len(deltas)), 2))
    return tuple(pair for pair in found if abs(pair[2]) > MERGE_METHODS.collinear)


def _solved(gram: DoubleArray) -> DoubleArray:
    """Least-squares coefficients of the first vector on the others, the reference left out."""
    inner, target = gram[1:-1, 1:-1], gram[1:-1, 0]
    if not len(target):
        return np.zeros(0)
    sizes = np.sqrt(np.maximum(np.diagonal(inner), NOTHING))
    scaled = np.linalg.lstsq(inner / np.outer(sizes, sizes), target / sizes, rcond=_RANK)[0]
    weights: DoubleArray = scaled / sizes
    return np.where(np.diagonal(inner) > 0, weights, 0.0)


def _left(gram: DoubleArray, weights: DoubleArray) -> float:
    """Sum of squares of the first vector minus the weighted others."""
    coefficients = np.concatenate([[1.0], -weights])
    return max(0.0, float(coefficients @ gram[:-1, :-1] @ coefficients))
