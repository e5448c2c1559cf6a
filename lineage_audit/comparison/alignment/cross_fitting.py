"""Do units find their counterparts under a residual map that was fitted without them?

Every other unit of B proposes the map, the others are held against A's under it, and then the other way round. A map
that was fitted to chance carries only the units that it was fitted on. The match margin of the best counterpart over
the second best is what random directions show then, for independent models too; where a copy of layers holds copies of
its units, they have the same numbers, so that they are left out together.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import match_margins
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import Alignment, FloatArray, ResidualMap
from lineage_audit.comparison.alignment.residual import find_residual_map
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.reading.kernels import active_kernel

_LAYERS = 8
"""Layers that are looked at, spread evenly over those that were matched."""

_UNITS = 1024
"""Held-out units that are looked at in each of them."""

_FOLDS = 2
"""One half of the units fits, the other is held out."""


class _LayerMargins(Struct, frozen=True, eq=False):
    """By how much the best counterpart of held-out units leads the second best, float ``[n]``, by B's layer."""

    layer: int
    match_margins: FloatArray


def measure_match_margins(
    a: CanonicalWeights, b: CanonicalWeights, alignment: Alignment, token_rows: tuple[IntArray, IntArray] | None
) -> tuple[_LayerMargins, ...]:
    """Fit the residual map on every other unit of B, and hold the rest against A's units, both ways round."""
    found: dict[int, list[FloatArray]] = {layer: [] for layer in spread(sorted(alignment.layers), _LAYERS)}
    for fold in range(_FOLDS):
        residual = find_residual_map(a, b.proposing_only(slice(fold, None, _FOLDS)), token_rows)
        if residual is None or not residual.joins(a.channels, b.channels):
            return ()
        for layer, measured in _held_out(a, b, residual, {layer: alignment.layers[layer] for layer in found}, fold):
            found[layer].append(measured)
    return tuple(_LayerMargins(layer, np.concatenate(parts)) for layer, parts in found.items() if parts)


def _held_out(
    a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap, layers: dict[int, int], fold: int
) -> Iterator[tuple[int, FloatArray]]:
    """Match margins of the units that a fold left out, by layer of B."""
    basis = SharedBasis(a, b, residual)
    for layer_b, layer_a in layers.items():
        rows_a, rows_b = (
            a.proposing_rows(layer_a),
            b.proposing_only(slice(1 - fold, None, _FOLDS)).proposing_rows(layer_b),
        )
        if rows_a is None or rows_b is None or len(rows_a) < 2:
            continue
        own, aligned_a = basis.own(rows_b[:: max(1, len(rows_b) // _UNITS)]), basis.aligned_a(rows_a)
        if own.shape[1] == aligned_a.shape[1]:
            yield layer_b, match_margins(active_kernel().product_sizes(own, aligned_a))
