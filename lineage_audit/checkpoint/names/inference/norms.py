"""Roles for vectors that the words call norms: of heads, of a layer's halves, before and after the layers."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint.names.inference.unknown import Unknown
from lineage_audit.checkpoint.names.inference.words import AFTER, BEFORE, EMBEDDING_WORDS, HINTS, PLACES, Place
from lineage_audit.checkpoint.roles import Role

Roles = dict[str, Role]

_HALVES = ((Role.ATTN_NORM, Place.ATTENTION), (Role.FFN_NORM, Place.FFN))
_AFTER_HALF = {Role.ATTN_NORM: Role.POST_ATTN_NORM, Role.FFN_NORM: Role.POST_FFN_NORM}


def norm_roles(vectors: Sequence[Unknown], width: int) -> Roles:
    """Return the roles of the norms among the vectors, by stem."""
    norms = [vector for vector in vectors if vector.words.is_norm]
    heads = {n.stem: role for n in norms if n.in_layer and (role := _head_norm(n)) is not None}
    inside = [n for n in norms if n.in_layer and n.stem not in heads and n.shape[0] == width]
    outside = [n for n in norms if not n.in_layer and n.shape[0] == width]
    return heads | _layer_norms(inside) | _outer_norms(outside)


def _head_norm(norm: Unknown) -> Role | None:
    hints = HINTS[Place.ATTENTION]
    leaf = set(norm.words.segments[-1])
    is_q, is_k = bool(leaf & hints[Role.Q]), bool(leaf & hints[Role.K])
    if is_q == is_k:
        return None
    return Role.Q_NORM if is_q else Role.K_NORM


def _layer_norms(norms: Sequence[Unknown]) -> Roles:
    """Name the norms of a layer: one, two in their order, or four around its halves."""
    if len(norms) == 1:
        return {norms[0].stem: Role.ATTN_NORM}
    if len(norms) == 2:
        return _two(norms)
    named = {norm.stem: role for norm in norms if (role := _around_half(norm)) is not None}
    return named if len(set(named.values())) == len(named) else {}


def _two(norms: Sequence[Unknown]) -> Roles:
    """Name two norms: after each half if both say so, otherwise before attention and before the FFN."""
    if all(_is_after(norm) for norm in norms):
        around = {norm.stem: role for norm in norms if (role := _around_half(norm)) is not None}
        if len(set(around.values())) == 2:
            return around
    first, second = sorted(norms, key=lambda norm: (_rank(norm), norm.stem))
    return {first.stem: Role.ATTN_NORM, second.stem: Role.FFN_NORM}


def _rank(norm: Unknown) -> int:
    """Return 0 for words of the layer's beginning, 2 for its middle, 1 where words do not tell."""
    if _is_after(norm) or _half(norm) is Role.FFN_NORM:
        return 2
    if _half(norm) is Role.ATTN_NORM or BEFORE & set(norm.words.leaf):
        return 0
    return 1


def _around_half(norm: Unknown) -> Role | None:
    half = _half(norm)
    if half is None:
        return None
    return _AFTER_HALF[half] if _is_after(norm) else half


def _half(norm: Unknown) -> Role | None:
    return next((role for role, place in _HALVES if PLACES[place] & set(norm.words.leaf)), None)


def _is_after(norm: Unknown) -> bool:
    return bool(AFTER & set(norm.words.leaf))


def _outer_norms(norms: Sequence[Unknown]) -> Roles:
    """Name the final norm, and one whose words speak of the embedding."""
    words = EMBEDDING_WORDS if len(norms) == 1 else EMBEDDING_WORDS | BEFORE
    embedding = [norm for norm in norms if words & set(norm.words.leaf)]
    final = [norm for norm in norms if not words & set(norm.words.leaf)]
    found = {embedding[0].stem: Role.EMBED_NORM} if len(embedding) == 1 else {}
    return found | ({final[0].stem: Role.FINAL_NORM} if len(final) == 1 else {})
