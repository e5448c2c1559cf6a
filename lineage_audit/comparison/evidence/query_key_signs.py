"""Signs of query and key dimensions: negating them in q and in k together leaves every attention score unchanged.

Rotary embeddings rotate pairs of dimensions, so both members of a pair flip together; dimensions that are not rotated
flip alone. All query heads of a KV group flip with their key head.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.copies import are_distinct, origins, random_signs_of
from lineage_audit.comparison.evidence.key_layouts import KeyLayout, measure_latent
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean, summed_by_unit
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.comparison.symmetries.geometry import Heads, Rotary
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
    latent = measure_latent(comparison)
    in_latent = frozenset(layer for layer, _ in comparison.places(Role.K_B))
    layers = [layer for layer, _ in comparison.places(Role.Q, Role.K) if layer not in in_latent]
    if (comparison.heads is None or not layers) and latent is None:
        return not_measured(TEST, "skipped", "the head layout is not known, or q and k were not compared")
    known = [heads for heads in comparison.layouts(layers) if heads is not None]
    layouts = [_of_layout(comparison, layers, heads, number) for number, heads in enumerate(known, 1)]
    layouts += [latent] if latent is not None else []
    if both_lean(*(list(chain.from_iterable(one.vectors[side] for one in layouts)) for side in (0, 1))):
        return not_measured(TEST, "not-applicable", LEAN)
    terms = list(chain.from_iterable(one.terms for one in layouts))
    sources = list(chain.from_iterable(one.sources for one in layouts))
    elements = sum(one.elements for one in layouts)
    return sign_flip_evidence(TEST, "query-key units", with_common_sources(terms, sources), comparison, elements)


def _of_layout(comparison: WeightComparison, layers: Sequence[int], heads: Heads, number: int) -> KeyLayout:
    """The units of all layers whose heads are these; ``number`` tells their random signs from another layout's."""
    mine = [layer for layer in layers if comparison.heads_at(layer) == heads]
    unit_of_dim = units_of_dims(heads, comparison.rotary_at(mine[0]))
    units_per_head = int(unit_of_dim.max()) + 1
    found = [comparison.find(Role.K, layer) for layer in mine]
    keys = [key if key and key.pair.b.shape[0] == heads.kv_heads * heads.head_dim else None for key in found]
    copies = origins(keys, heads.kv_heads)
    summed, sources, elements = [], [], 0
    for layer, origin in zip(mine, copies, strict=True):
        terms, source = [], None
        for role, heads_per_unit in ((Role.Q, heads.per_group), (Role.K, 1)):
            measured = comparison.find(role, layer)
            rows = heads.kv_heads * heads_per_unit * heads.head_dim
            if measured and measured.pair.b.shape[0] == rows:
                head, dim = np.divmod(measured.positions, heads.head_dim)
                units = head // heads_per_unit * units_per_head + unit_of_dim[dim]
                terms.append(row_term(measured, units))
                elements += measured.elements
                source = measured.pair.a.layer
        random_signs = random_signs_of(origin, units_per_head, number)
        summed.append(replace(sum_cosines(layer, heads.kv_heads * units_per_head, terms), random_signs=random_signs))
        sources.append(source)
    return KeyLayout(summed, sources, elements, _pair_vectors(keys, copies, heads, unit_of_dim))


def _pair_vectors(
    keys: Sequence[Measurement | None], copies: Sequence[IntArray], heads: Heads, unit_of_dim: IntArray
) -> tuple[list[FloatArray], list[FloatArray]]:
    """For each layer the marks of k, those of rows that flip together added, of A and of B; of copies the first."""
    sides: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for number, (key, origin) in enumerate(zip(keys, copies, strict=True)):
        if key is None:
            continue
        own = are_distinct(key, origin, number)
        head, dim = np.divmod(key.positions[:: key.marks.every][own], heads.head_dim)
        units = head * heads.head_dim + unit_of_dim[dim]
        for side, marks in zip(sides, (key.marks.a, key.marks.b), strict=True):
            side.append(summed_by_unit(marks[own], units))
    return sides


def units_of_dims(heads: Heads, rotary: Rotary | None) -> npt.NDArray[np.int64]:
    """Number of the unit that each dimension of a head belongs to; the whole head is one where rotary is unknown."""
    dims = np.arange(heads.head_dim) if heads.dims is None else np.array(heads.dims)
    if rotary is None:
        return np.zeros(heads.head_dim, dtype=np.int64)
    half = rotary.dims // 2
    rotated = dims // 2 if rotary.adjacent else dims % max(1, half)
    units = np.where(dims < rotary.dims, rotated, dims - half)
    return units if heads.dims is None else np.unique(units, return_inverse=True)[1].astype(np.int64)
