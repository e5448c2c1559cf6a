"""Heads merged: each key and value head of one model is the mean of several neighbours of the other's (GQA from MHA).

The reconstruction is carried out: the means are taken, and must agree with the fewer heads better than any one head.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import layer_numbers
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.reading.role_rows import read_role_rows
from lineage_audit.comparison.symmetries.geometry import Heads, heads_of
from lineage_audit.comparison.verdict.thresholds import MERGED_HEADS
from lineage_audit.results import Direction

FloatArray = npt.NDArray[np.float32]

_LAYERS = 4


def find_merged_heads(a: Checkpoint, b: Checkpoint) -> list[DirectedOperation]:
    """Name the merge where one model's heads are means of the other's, in layers of the same number."""
    heads_a, heads_b = heads_of(a), heads_of(b)
    if heads_a is None or heads_b is None or heads_a.kv_heads == heads_b.kv_heads:
        return []
    if heads_a.kv_heads > heads_b.kv_heads:
        return _merged(a, heads_a, b, heads_b, ("A", "B"), "a->b")
    return _merged(b, heads_b, a, heads_a, ("B", "A"), "b->a")


def _merged(
    more: Checkpoint, of: Heads, fewer: Checkpoint, heads: Heads, names: tuple[str, str], shows: Direction
) -> list[DirectedOperation]:
    """The operation, of the model with more heads to the one with fewer."""
    if of.kv_heads % heads.kv_heads or (of.head_dim, of.value_dim) != (heads.head_dim, heads.value_dim):
        return []
    size = of.kv_heads // heads.kv_heads
    shared = sorted(set(layer_numbers(more)) & set(layer_numbers(fewer)))
    found = [
        agreement
        for layer in spread(shared, _LAYERS)
        for role in (Role.K, Role.V)
        if (agreement := _agreement(more, fewer, role, layer, heads.kv_heads, size)) is not None
    ]
    if not found:
        return []
    mean, single, left = (float(np.median(values)) for values in zip(*found, strict=True))
    if mean < MERGED_HEADS.agree or mean < single + MERGED_HEADS.lead:
        return []
    detail = f"{names[1]}'s {heads.kv_heads} key and value heads are means of {size} of {names[0]}'s {of.kv_heads} each"
    evidence = f"the means give them to within {left:.1%} of their size; single heads agree at {single:.2f} at most"
    return [directed("heads-merged", detail, evidence, shows)]


def _agreement(
    more: Checkpoint, fewer: Checkpoint, role: Role, layer: int, groups: int, size: int
) -> tuple[float, float, float] | None:
    """Median cosine of rows with those of the means, the same with the best single head, and what the means leave."""
    rows, merged = read_role_rows(more, role, layer), read_role_rows(fewer, role, layer)
    if rows is None or merged is None or rows.shape != (size * len(merged), merged.shape[1]) or len(merged) % groups:
        return None
    heads = rows.reshape(groups, size, -1, rows.shape[1])
    means = heads.mean(axis=1).reshape(merged.shape)
    units = unit_rows(merged)
    cosine = float(np.median(np.einsum("nw,nw->n", units, unit_rows(means))))
    singles = [np.einsum("nw,nw->n", units, unit_rows(heads[:, head].reshape(merged.shape))) for head in range(size)]
    left = ratio(float(np.linalg.norm(merged - means)), float(np.linalg.norm(merged)))
    return cosine, max(float(np.median(single)) for single in singles), left
