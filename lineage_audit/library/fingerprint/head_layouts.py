"""How sketched dimensions fall into heads: as many heads as were looked at, and of each the same few dimensions."""

from __future__ import annotations

from collections import Counter

import numpy as np

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.symmetries.geometry import Heads, HeadsByLayer
from lineage_audit.library.fingerprint.vectors import Correspondence, LayerPair, Part


def sketched_heads(found: Correspondence, heads: HeadsByLayer | None) -> HeadsByLayer | None:
    """The heads of what was sketched, whose queries are sums over a group; None where the models' are not known.

    Args:
        found: what belongs together.
        heads: the models' own.
    """
    if heads is None:
        return None
    layers = {pair.b: _of_layer(found, pair, heads.usual) for pair in found.pairs}
    known = Counter(layout for layout in layers.values() if layout is not None)
    if not known:
        return None
    usual = known.most_common(1)[0][0]
    return HeadsByLayer(usual, {layer: layout for layer, layout in layers.items() if layout != usual})


def _of_layer(found: Correspondence, pair: LayerPair, heads: Heads) -> Heads | None:
    """The layout of a layer, whose dimensions may be sketched as those of most are or be laid out otherwise."""
    keys = _grid(found, pair, "keys", heads.kv_heads, heads.head_dim)
    values = _grid(found, pair, "values", heads.kv_heads, heads.value_dim)
    if keys is None or values is None or keys[0] != values[0]:
        return None
    return Heads(len(keys[1]), len(values[1]), keys[0], per_group=1, dims=tuple(map(int, keys[1])))


def _grid(found: Correspondence, pair: LayerPair, part: Part, kv_heads: int, size: int) -> tuple[int, IntArray] | None:
    """How many heads are sketched, and which dimensions of each; None where they are no such grid."""
    block, match = found.b.block(pair.b, part), pair.match(part)
    if block is None or match is None or not len(match) or block.size != kv_heads * size:
        return None
    head, dim = np.divmod(block.numbers[match.b], size)
    heads, dims = np.unique(head), np.unique(dim)
    is_grid = np.array_equal(block.numbers[match.b], (heads[:, None] * size + dims).ravel())
    return (len(heads), dims) if is_grid else None
