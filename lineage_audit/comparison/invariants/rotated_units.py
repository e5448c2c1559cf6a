"""FFN units of a stream that was rotated: rows of ``up`` over the anchor tokens, which no rotation moves.

Where the embeddings are one and no channel is another, a row of ``down`` is a mixture of channels and says nothing of a
unit. Its row of ``up`` over the tokens (the norm gain folded in) does, in any basis. A row costs the stream's width, so
that of large FFNs a run of neighbours is read: units that kept their places find themselves, and of those that did not,
as many find each other as both runs share by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.invariants.anchor_tokens import AnchorTokens
from lineage_audit.comparison.invariants.unit_columns import (
    FloatArray,
    UnitColumns,
    UnitMatch,
    first_of_each_layer,
    match_alike,
    up_of,
)
from lineage_audit.comparison.invariants.unit_rows import FFNS, rows_to_read

_ROWS = 512
"""Rows that are read of a large FFN."""


def match_rotated_units(
    a: CanonicalWeights, b: CanonicalWeights, tokens: AnchorTokens, layers: Mapping[int, int], budget: int
) -> tuple[UnitMatch, ...]:
    """Units of the first FFN of a few layers that are known to belong together.

    Args:
        a: model A.
        b: model B.
        tokens: the anchor tokens of both.
        layers: layer of B -> layer of A.
        budget: bytes that may be read of each model.
    """
    ups_a, ups_b = (first_of_each_layer(weights, up_of) for weights in (a, b))
    by_layer = {block.layer: block for block in ups_a}
    known = [
        (by_layer[layers[block.layer]], block)
        for block, tensor in ups_b.items()
        if layers.get(block.layer) in by_layer and tensor.shape == ups_a[by_layer[layers[block.layer]]].shape
    ]
    if not known:
        return ()
    first = ups_b[known[0][1]]
    rows = rows_to_read(first, budget, _ROWS)
    alike = [pair for pair in known if ups_b[pair[1]].shape == first.shape]  # some have FFNs of several sizes
    count = FFNS if len(rows) == first.shape[0] else 1
    pairs = [alike[position] for position in spread_numbers(len(alike), min(count, len(alike)))]
    units_a = _over_tokens(a, [ups_a[one] for one, _ in pairs], rows, tokens.directions_a)
    units_b = _over_tokens(b, [ups_b[other] for _, other in pairs], rows, tokens.directions_b)
    return tuple(
        match_alike(UnitColumns(one, *of_a), UnitColumns(other, *of_b), rows, ups_b[other].shape[0])
        for (one, other), of_a, of_b in zip(pairs, units_a, units_b, strict=True)
    )


def _over_tokens(
    weights: CanonicalWeights, ups: Sequence[TensorRef], rows: IntArray, directions: FloatArray
) -> list[tuple[FloatArray, FloatArray]]:
    """Rows over the tokens as unit rows, and the lengths that they had, of every matrix."""
    found = []
    for up, values in zip(ups, weights.checkpoint.read([RowRequest(up, rows) for up in ups]), strict=True):
        folded = weights.folded(values, rows, up.role, up.layer)
        fits = folded.shape[1] == directions.shape[1]
        responses = (folded @ directions.T if fits else folded[:, :0]).astype(np.float32)
        found.append((unit_rows(responses), np.linalg.norm(responses, axis=1)))
    return found
