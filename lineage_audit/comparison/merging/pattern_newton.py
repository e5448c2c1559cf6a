"""Least squares over matched elements: what a fit needs of the deltas, and a Newton step in its coefficients."""

from __future__ import annotations

import numpy as np

from lineage_audit.comparison.merging.patterns import Coefficients, DoubleArray, Matches, Sample
from lineage_audit.comparison.reading.finite import NOTHING


def pattern_grams(sample: Sample, found: Matches) -> DoubleArray:
    """Inner products of the child's and the parents' deltas over each pattern's matched elements.

    Returns:
        ``[patterns, 1 + parents, 1 + parents]``.
    """
    count = 2 ** len(sample.parents)
    vectors = np.vstack([sample.child, sample.parents])
    grams = np.zeros((count, len(vectors), len(vectors)))
    for pattern in range(1, count):
        chosen = vectors[:, found.matched & (found.pattern == pattern)]
        grams[pattern] = chosen @ chosen.T
    return grams


def newton_terms(coefficients: Coefficients, grams: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Gradient and curvature of the squared residual in the coefficients' free numbers.

    Args:
        coefficients: where they are taken.
        grams: ``[..., patterns, 1 + parents, 1 + parents]``.

    Returns:
        ``[..., numbers]`` and ``[..., numbers, numbers]``; a Newton step adds curvature⁻¹ gradient.
    """
    free = to_free(coefficients)
    values = coefficients.by_pattern()
    step = 1e-6
    slopes = np.stack(
        [(from_free(coefficients, free + step * unit).by_pattern() - values) / step for unit in np.eye(len(free))]
    )
    left = grams[..., 1:, 0] - np.einsum("...pij,pj->...pi", grams[..., 1:, 1:], values)
    gradient = np.einsum("npi,...pi->...n", slopes, left)
    curvature = np.einsum("npi,...pij,mpj->...nm", slopes, grams[..., 1:, 1:], slopes)
    return gradient, curvature


def to_free(coefficients: Coefficients) -> DoubleArray:
    """The numbers that a fit may move: the scales, and the logarithms of all weights but the first over the first."""
    if coefficients.weights is None:
        return coefficients.scales.copy()
    logs = np.log(np.maximum(coefficients.weights, 1e-9))
    return np.concatenate([coefficients.scales, logs[1:] - logs[0]])


def from_free(like: Coefficients, free: DoubleArray) -> Coefficients:
    """Coefficients of the same kind from their free numbers."""
    parents = len(like.scales)
    if like.weights is None:
        return Coefficients(free, None)
    weights = np.exp(np.clip(np.concatenate([[0.0], free[parents:]]), -20, 20))
    return Coefficients(free[:parents], weights / weights.sum())


def newton_step(coefficients: Coefficients, grams: DoubleArray) -> Coefficients:
    """One Newton step; numbers on which nothing depends stay."""
    gradient, curvature = newton_terms(coefficients, grams)
    free = to_free(coefficients)
    known = np.diagonal(curvature) > 1e-12 * max(float(np.diagonal(curvature).max(initial=0.0)), NOTHING)
    if not known.any():
        return coefficients
    move = np.linalg.lstsq(curvature[np.ix_(known, known)], gradient[known], rcond=1e-8)[0]
    bound = 0.2 * np.maximum(np.abs(free[known]), 0.5)
    free[known] += np.clip(move, -bound, bound)
    return from_free(coefficients, free)
