"""Signs of value dimensions: negating row j of v and the columns of o that read it changes nothing.

With grouped queries all query heads of a KV group read the same value dimension, so their columns flip together.
Holds for the v half of DeepSeek's latent kv_b as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.copies import are_distinct, origins, random_signs_of
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    SignTerms,
    column_term,
    row_term,
    sign_flip_evidence,
    sum_cosines,
    with_common_sources,
)
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.comparison.symmetries.geometry import Heads
from lineage_audit.results import Evidence

TEST = TestDescription(
    "value-output-signs", "Do value dimensions with the same number point the same way in v and o?", SIGN_NULL
)


def measure(comparison: WeightComparison) -> Evidence:
    """Run the test on every attention block."""
    if not comparison.places(Role.V, Role.V_B):
        return not_measured(TEST, "skipped", "no value projections were compared")
    blocks = [
        (layer, value, comparison.find(Role.O, layer))
        for layer, _ in comparison.places(Role.V, Role.V_B)
        if (value := comparison.find(Role.V, layer) or comparison.find(Role.V_B, layer))
    ]
    values = [value for _, value, _ in blocks]
    heads = comparison.heads.kv_heads if comparison.heads else 1
    found = origins(values, heads)
    rows = [are_distinct(value, origin, n) for n, (value, origin) in enumerate(zip(values, found, strict=True))]
    sides = [[side[own] for side, own in zip(marks, rows, strict=True)] for marks in _marks(values)]
    if both_lean(*sides):
        return not_measured(TEST, "not-applicable", LEAN)
    layers = [_terms(layer, value, output, comparison.heads) for layer, value, output in blocks]
    for number, origin in enumerate(found):
        if len(layers[number].values) % heads == 0:
            random_signs = random_signs_of(origin, len(layers[number].values) // heads)
            layers[number] = replace(layers[number], random_signs=random_signs)
    elements = sum(part.elements for _, value, output in blocks for part in (value, output) if part)
    sources = [value.pair.a.layer for value in values]
    return sign_flip_evidence(TEST, "value dimensions", with_common_sources(layers, sources), comparison, elements)


def _marks(values: Sequence[Measurement]) -> tuple[list[FloatArray], list[FloatArray]]:
    return [value.marks.a for value in values], [value.marks.b for value in values]


def _terms(layer: int, value: Measurement, output: Measurement | None, heads: Heads | None) -> SignTerms:
    """cos(v row j) + Σ cos(o columns that read it), over the query heads of the group."""
    count = value.pair.b.shape[0]
    terms = [row_term(value)]
    if output:
        readers = value_rows_of_columns(output.pair.b.shape[1], count, heads)
        if readers is not None:
            terms.append(column_term(output, readers))
    return sum_cosines(layer, count, terms)


def value_rows_of_columns(columns: int, value_rows: int, heads: Heads | None) -> npt.NDArray[np.int64] | None:
    """For each column of o the row of v that it reads; None where the head layout is unknown."""
    if columns == value_rows:
        return np.arange(columns)
    if heads is None or value_rows != heads.kv_heads * heads.value_dim or columns != value_rows * heads.per_group:
        return None
    head, dim = np.divmod(np.arange(columns), heads.value_dim)
    return head // heads.per_group * heads.value_dim + dim
