"""How clearly gate rows of B find their counterparts in A under a residual map, and the rows that do.

Gate rows (up rows where there is no gate) propose and are never tested: flipping the signs of a unit's up row and
down column together leaves everything here as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineage_audit.comparison.alignment.basis import PROJECTED_FROM, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.layers import layer_scores
from lineage_audit.comparison.alignment.maps import FloatArray
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.alignment.vector_fits import VECTORS_A_CHANNEL, MatchedVectors
from lineage_audit.comparison.evidence.base import unit_rows

_LAYERS = 6
"""Layers of B that are looked at, spread evenly."""

_FEWEST_MATCHED = 32

_UNITS = 2048
"""Units of B that are matched in each of those layers."""


def gate_match_margin(a: CanonicalWeights, b: CanonicalWeights, basis: SharedBasis) -> float:
    """Mean match margin of probed gate rows of B, each layer in the layer of A where it is largest."""
    layers = _looked_at(b)
    scores = layer_scores(a, b, basis, a.layers(), layers)
    return float(scores.max(axis=1).mean()) if scores.size else 0.0


def matched_gate_rows(a: CanonicalWeights, b: CanonicalWeights, basis: SharedBasis) -> MatchedVectors | None:
    """Gate rows that are each other's best match, as unit rows weighted by their match margin, signs made equal."""
    layers_a, layers_b = a.layers(), _looked_at(b)
    scores = layer_scores(a, b, basis, layers_a, layers_b)
    found = [
        matched
        for row, layer_b in enumerate(layers_b)
        if scores[row].max(initial=0.0) > 0
        and (matched := _matched(a, b, basis, layers_a[int(scores[row].argmax())], layer_b)) is not None
    ]
    if sum(len(matched.a) for matched in found) < _FEWEST_MATCHED:
        return None
    return MatchedVectors(
        np.concatenate([matched.a for matched in found]), np.concatenate([matched.b for matched in found])
    )


def same_number_gate_rows(a: CanonicalWeights, b: CanonicalWeights) -> MatchedVectors | None:
    """Gate rows with the same layer and number: matched where units kept their place while channels moved."""
    layers = [layer for layer in _looked_at(b) if layer in set(a.layers())]
    count = math.ceil(VECTORS_A_CHANNEL * max(a.channels, b.channels) / max(1, len(layers)))
    of_a, of_b = (_unit_proposing(weights, layers, count) for weights in (a.proposing_only(b.proposers), b))
    if not len(of_a) == len(of_b) == len(layers) > 0:
        return None
    shapes = {(one.shape, other.shape) for one, other in zip(of_a, of_b, strict=True)}
    if len(shapes) != 1 or len(of_a[0]) != len(of_b[0]):
        return None
    return MatchedVectors(np.concatenate(of_a), np.concatenate(of_b))


def _unit_proposing(weights: CanonicalWeights, layers: Sequence[int], count: int) -> list[FloatArray]:
    """The rows that propose, as unit rows, of every layer that has them."""
    found = (_some_proposing(weights, layer, count) for layer in layers)
    return [unit_rows(rows) for rows in found if rows is not None]


def _some_proposing(weights: CanonicalWeights, layer: int, count: int) -> FloatArray | None:
    """The rows that propose; of wide streams, whose rows are long, so many."""
    if weights.channels <= PROJECTED_FROM:
        return weights.proposing_rows(layer)
    return weights.some_proposing_rows(layer, count)


def _matched(
    a: CanonicalWeights, b: CanonicalWeights, basis: SharedBasis, layer_a: int, layer_b: int
) -> MatchedVectors | None:
    """The mutual best matches of one pair of layers."""
    rows_a, rows_b = a.proposing_rows(layer_a), b.proposing_rows(layer_b)
    if rows_a is None or rows_b is None or len(rows_a) < 2:
        return None
    rows_b = rows_b[:: max(1, len(rows_b) // _UNITS)]
    own, aligned_tensors = basis.own(rows_b), basis.aligned_a(rows_a)
    if own.shape[1] != aligned_tensors.shape[1]:
        return None
    cosines = own @ aligned_tensors.T
    sizes = np.abs(cosines)
    best = sizes.argmax(axis=1)
    top_two = np.partition(sizes, -2, axis=1)[:, -2:]
    everyone = np.arange(len(best))
    mutual = sizes.argmax(axis=0)[best] == everyone
    weights = (top_two[:, 1] - top_two[:, 0]) * mutual
    chosen = np.flatnonzero(weights > 0)
    signs = np.sign(cosines[everyone, best])
    unit_a, unit_b = unit_rows(rows_a[best[chosen]]), unit_rows(rows_b[chosen])
    return MatchedVectors(unit_a * (weights * signs)[chosen, None], unit_b * weights[chosen, None])


def _looked_at(weights: CanonicalWeights) -> list[int]:
    """Layers spread evenly over the model."""
    return spread(weights.layers(), _LAYERS)
