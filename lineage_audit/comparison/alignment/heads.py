"""Attention heads: KV groups first, query heads inside a group second.

Rows keep their place inside a head (rotary embeddings give it meaning), so a head is matched by the sizes of the
cosines of corresponding rows; sizes, since a sign flip of a row (with its partner in q, k, v or o) changes nothing.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.basis import SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, HeadMap
from lineage_audit.comparison.assignment import assign
from lineage_audit.comparison.geometry import Heads


def match_heads(
    a: CanonicalWeights, b: CanonicalWeights, layer_b: int, layer_a: int, basis: SharedBasis, heads: Heads
) -> HeadMap | None:
    """Match the heads of one layer; None where q, k or v is missing or shaped otherwise."""
    sizes = {
        role: _similarity(a, b, role, layer_b, layer_a, basis, count)
        for role, count in ((Role.K, heads.kv_heads), (Role.V, heads.kv_heads), (Role.Q, _queries(heads)))
    }
    keys, values, queries = sizes[Role.K], sizes[Role.V], sizes[Role.Q]
    if keys is None or values is None or queries is None:
        return None
    groups = assign(keys + values)
    everyone = np.arange(_queries(heads))
    inside = queries.reshape(heads.kv_heads, heads.per_group, heads.kv_heads, heads.per_group)
    a_heads = np.concatenate(
        [
            a_group * heads.per_group + assign(np.ascontiguousarray(inside[group, :, a_group, :]))
            for group, a_group in enumerate(groups)
        ]
    )
    return HeadMap(groups, a_heads.astype(everyone.dtype))


def _queries(heads: Heads) -> int:
    return heads.kv_heads * heads.per_group


def _similarity(
    a: CanonicalWeights,
    b: CanonicalWeights,
    role: Role,
    layer_b: int,
    layer_a: int,
    basis: SharedBasis,
    count: int,
) -> FloatArray | None:
    """Mean |cosine| of corresponding rows for every pair of heads, ``[heads of B, heads of A]``."""
    rows_a, rows_b = a.matrix(role, layer_a), b.matrix(role, layer_b)
    if rows_a is None or rows_b is None or len(rows_a) != len(rows_b) or len(rows_b) % count:
        return None
    image = basis.image(rows_a)
    own = basis.own(rows_b)
    if image.shape != own.shape:
        return None
    image, own = (rows.reshape(count, -1, rows.shape[1]) for rows in (image, own))
    cosines = np.einsum("bjd,ajd->baj", own, image, optimize=True)
    similarity: FloatArray = np.abs(cosines).mean(axis=2)
    return similarity
