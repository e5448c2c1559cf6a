"""Signs of value dimensions: negating row j of v and the columns of o that read it changes nothing.

With grouped queries all query heads of a KV group read the same value dimension, so their columns flip together.
Holds for the v half of DeepSeek's latent kv_b as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

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
    blocks = [
        _Block(layer, value, comparison.find(Role.O, layer))
        for layer, _ in comparison.places(Role.V, Role.V_B)
        if (value := comparison.find(Role.V, layer) or comparison.find(Role.V_B, layer))
    ]
    if not blocks:
        return not_measured(TEST, "skipped", "no value projections were compared")
    layouts = comparison.layouts(block.layer for block in blocks)
    found = [_of_layout(comparison, blocks, heads, number) for number, heads in enumerate(layouts)]
    if both_lean(*(list(chain.from_iterable(one.marks[side] for one in found)) for side in (0, 1))):
        return not_measured(TEST, "not-applicable", LEAN)
    terms = list(chain.from_iterable(one.terms for one in found))
    sources = list(chain.from_iterable(one.sources for one in found))
    elements = sum(part.elements for block in blocks for part in (block.value, block.output) if part)
    return sign_flip_evidence(TEST, "value dimensions", with_common_sources(terms, sources), comparison, elements)


class _Block(Struct, frozen=True, eq=False):
    """An attention block of which the values were measured."""

    layer: int
    value: Measurement
    output: Measurement | None


class _Layout(Struct, frozen=True, eq=False):
    """What the blocks of one head layout give: sums, the layers of A they were held against, and marks of v."""

    terms: Sequence[SignTerms]
    sources: Sequence[int | None]
    marks: tuple[list[FloatArray], list[FloatArray]]


def _of_layout(comparison: WeightComparison, blocks: Sequence[_Block], heads: Heads | None, number: int) -> _Layout:
    """The units of all blocks whose heads are these; ``number`` tells their random signs from another layout's."""
    mine = [block for block in blocks if comparison.heads_at(block.layer) == heads]
    values, kv_heads = [block.value for block in mine], heads.kv_heads if heads else 1
    copies = origins(values, kv_heads)
    rows = [are_distinct(value, origin, n) for n, (value, origin) in enumerate(zip(values, copies, strict=True))]
    terms = [_terms(block.layer, block.value, block.output, heads) for block in mine]
    for place, origin in enumerate(copies):
        if len(terms[place].values) % kv_heads == 0:
            random_signs = random_signs_of(origin, len(terms[place].values) // kv_heads, number)
            terms[place] = replace(terms[place], random_signs=random_signs)
    marks_a, marks_b = (
        [side[own] for side, own in zip(sides, rows, strict=True)] for sides in zip(*map(_marks, values), strict=True)
    )
    return _Layout(terms, [value.pair.a.layer for value in values], (marks_a, marks_b))


def _marks(value: Measurement) -> tuple[FloatArray, FloatArray]:
    return value.marks.a, value.marks.b


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
