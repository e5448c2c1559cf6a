"""Attention heads: KV groups first, query heads inside a group second.

Rows keep their place inside a head (rotary embeddings give it meaning), so a head is matched by the sizes of the
cosines of corresponding rows; sizes, since a sign flip of a row (with its partner in q, k, v or o) changes nothing.
B may have fewer groups than A, and fewer query heads in a group, never more.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.alignment.basis import Basis, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, HeadMap
from lineage_audit.comparison.symmetries.geometry import HeadLayouts, Heads
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS


def match_heads(
    a: CanonicalWeights, b: CanonicalWeights, layer_b: int, layer_a: int, basis: SharedBasis, heads: HeadLayouts
) -> HeadMap | None:
    """Match the heads of one layer; None where q or k is missing or shaped otherwise, or B has more heads."""
    layouts = heads.between(layer_a, layer_b)
    if layouts is None:
        return None
    of_a, of_b = layouts
    if of_b.kv_heads > of_a.kv_heads or of_b.per_group > of_a.per_group:
        return None
    coarse = _matched(a, b, layer_b, layer_a, basis.coarse, layouts) if basis.coarse else None
    if coarse is not None and coarse[1] >= MATCHED_UNITS.coarse_margin:
        return coarse[0]
    found = _matched(a, b, layer_b, layer_a, basis, layouts)
    return found and replace(found[0], is_clear=found[1] >= MATCHED_UNITS.clear_margin)


def _matched(
    a: CanonicalWeights, b: CanonicalWeights, layer_b: int, layer_a: int, basis: Basis, layouts: tuple[Heads, Heads]
) -> tuple[HeadMap, float] | None:
    """The heads of one layer in a basis, and their match margin."""
    of_a, of_b = layouts
    keys, values, queries = (
        _similarity(
            a.carried(role, layer_a, None, basis.aligned_a),
            b.carried(role, layer_b, None, basis.own),
            _count(of_a, role),
            _count(of_b, role),
        )
        for role in (Role.K, Role.V, Role.Q)
    )
    if values is None and a.find(Role.V, layer_a) is None and b.find(Role.V, layer_b) is None:
        values = keys  # keys that are the values too
    if keys is None or values is None or queries is None:
        return None
    groups = assign(keys + values)
    inside = queries.reshape(of_b.kv_heads, of_b.per_group, of_a.kv_heads, of_a.per_group)
    a_heads = np.concatenate(
        [
            a_group * of_a.per_group + assign(np.ascontiguousarray(inside[group, :, a_group, :]))
            for group, a_group in enumerate(groups)
        ]
    )
    return HeadMap(groups, a_heads.astype(np.int64)), _lead(queries, a_heads)


def _lead(similarity: FloatArray, chosen: IntArray) -> float:
    """Mean match margin of the chosen heads over the best of the others; alone, a head leads by all that it has."""
    heads = np.arange(len(similarity))
    others = similarity.copy()
    others[heads, chosen] = 0.0
    return float((similarity[heads, chosen] - others.max(axis=1)).mean())


def _count(heads: Heads, role: Role) -> int:
    """Number of heads whose rows a role has."""
    return heads.queries if role is Role.Q else heads.kv_heads


def _similarity(aligned_a: FloatArray | None, own: FloatArray | None, heads_a: int, heads_b: int) -> FloatArray | None:
    """Mean |cosine| of corresponding rows for every pair of heads, ``[heads of B, heads of A]``."""
    if aligned_a is None or own is None or len(aligned_a) % heads_a or len(aligned_a) * heads_b != len(own) * heads_a:
        return None
    if aligned_a.shape[1] != own.shape[1]:
        return None
    cosines = np.einsum(
        "bjd,ajd->baj",
        own.reshape(heads_b, -1, own.shape[1]),
        aligned_a.reshape(heads_a, -1, aligned_a.shape[1]),
        optimize=True,
    )
    similarity: FloatArray = np.abs(cosines).mean(axis=2)
    return similarity
