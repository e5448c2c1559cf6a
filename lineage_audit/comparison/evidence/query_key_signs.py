"""Signs of query and key dimensions: negating them in q and in k together leaves every attention score unchanged.

Rotary embeddings turn pairs of dimensions, so both members of a pair flip together; dimensions that are not rotated
flip alone. All query heads of a KV group flip with their key head.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.geometry import Heads, Rotary
from lineage_audit.results import Evidence

TEST = TestDescription(
    "query-key-signs",
    "Do query and key dimensions (rotary pairs) with the same number point the same way?",
    SIGN_NULL,
)


def measure(comparison: WeightComparison) -> Evidence:
    """Run the test on every attention block with separate q and k."""
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    if comparison.heads is None or not comparison.places(Role.Q, Role.K):
        return not_measured(TEST, "skipped", "the head layout is not known, or q and k were not compared")
    unit_of_dim = units_of_dims(comparison.heads, comparison.rotary)
    units_per_head = int(unit_of_dim.max()) + 1
    layers, sources, elements = [], [], 0
    for layer, _ in comparison.places(Role.Q, Role.K):
        terms, source = [], None
        for role, heads_per_unit in ((Role.Q, comparison.heads.per_group), (Role.K, 1)):
            measured = comparison.find(role, layer)
            rows = comparison.heads.kv_heads * heads_per_unit * comparison.heads.head_dim
            if measured and measured.pair.b.shape[0] == rows:
                head, dim = np.divmod(measured.positions, comparison.heads.head_dim)
                units = head // heads_per_unit * units_per_head + unit_of_dim[dim]
                terms.append(row_term(measured, units))
                elements += measured.elements
                source = measured.pair.a.layer
        layers.append(sum_cosines(layer, comparison.heads.kv_heads * units_per_head, terms))
        sources.append(source)
    return sign_flip_evidence(TEST, "query-key units", with_common_sources(layers, sources), comparison, elements)


def units_of_dims(heads: Heads, rotary: Rotary | None) -> npt.NDArray[np.int64]:
    """Number of the unit that each dimension of a head belongs to; the whole head is one where rotary is unknown."""
    dims = np.arange(heads.head_dim)
    if rotary is None:
        return np.zeros(heads.head_dim, dtype=np.int64)
    half = rotary.dims // 2
    rotated = dims // 2 if rotary.adjacent else dims % max(1, half)
    return np.where(dims < rotary.dims, rotated, dims - half)
