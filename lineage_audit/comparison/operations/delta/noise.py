"""Random noise: the delta has no direction, no relation to the weights, and a normal shape.

Its largest singular value is that of a random matrix, s (√m + √n); training always concentrates a delta.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.verdict.thresholds import NOISE
from lineage_audit.results import Direction
from lineage_audit.sizes import plural


def find_noise(difference: Difference) -> DirectedOperation | None:
    """Name the level of Gaussian noise, relative to the weights."""
    changed = difference.changed
    if not changed:
        return None
    if np.mean([_is_random(pair) for pair in changed]) < NOISE.fitting:
        return None
    levels = [ratio(pair.moments.deviation, pair.moments.deviation_a) for pair in changed]
    detail = f"Gaussian noise of {np.median(levels):.1%} of the weights' standard deviation"
    evidence = f"deltas of {plural(len(changed), 'matrix')} have the spectrum and the shape of random ones"
    with_a = _dependence([ratio(pair.moments.along_a, pair.moments.deviation) for pair in changed])
    with_b = _dependence([ratio(pair.moments.along_b, pair.moments.deviation) for pair in changed])
    shows: Direction = "undetermined"
    if max(levels) > NOISE.small and min(abs(with_a), abs(with_b)) > NOISE.independent:
        return None  # another model's matrices look like noise too, and lean on both sides
    if abs(with_a) <= NOISE.independent and abs(with_b) >= NOISE.dependent:
        shows, evidence = "a->b", f"{evidence}, independent of A and not of B (z {with_a:.1f}, {with_b:.1f})"
    elif abs(with_b) <= NOISE.independent and abs(with_a) >= NOISE.dependent:
        shows, evidence = "b->a", f"{evidence}, independent of B and not of A (z {with_b:.1f}, {with_a:.1f})"
    return directed("noise-added", detail, evidence, shows)


def _dependence(products: Sequence[float]) -> float:
    """z-score of the deltas' inner products with one side: noise is independent of what it was added to."""
    return float(np.sum(products) / len(products) ** 0.5)


def _is_random(pair: MatrixPair) -> bool:
    moments = pair.moments
    if moments.deviation <= pair.rounding * moments.deviation_b:
        return False  # rounding is noise too, but nobody added it
    is_normal = NOISE.kurtosis[0] < moments.kurtosis < NOISE.kurtosis[1]
    return is_normal and pair.concentration < NOISE.edge_ratio
