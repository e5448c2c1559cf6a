"""FFN units: matched by the size of the cosines of their gate rows (up rows where there is no gate).

Up and down are left for verification: a sign flip changes neither the sizes of gate cosines nor what is chosen by
them, so the sign test on up and down stays exact. B may have fewer units than A, never more, but for a shared expert:
it may hold a whole dense FFN of A and new units beside.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import (
    ROWS_AT_ONCE,
    assign,
    assign_from_best,
    best_and_margin,
    clear_match_margin,
    mean_match_margin,
)
from lineage_audit.comparison.alignment.basis import Basis, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import NO_SOURCE, FloatArray, UnitMap
from lineage_audit.comparison.reading.kernels import active_kernel
from lineage_audit.comparison.reading.streaming import in_order
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS


def match_units(
    a: CanonicalWeights, b: CanonicalWeights, block: FfnBlock, source: FfnBlock, basis: SharedBasis
) -> UnitMap | None:
    """Match the units of one FFN of B with those of one FFN of A; None unless the match is clear."""
    coarse = match_clear_units(a, b, block, source, basis.coarse) if basis.coarse else None
    if coarse is not None:
        return coarse
    candidates, rows_b = a.units_carried(source, basis.aligned_a), b.units_carried(block, basis.own)
    if candidates is None or rows_b is None:
        return None
    holds_more = len(rows_b) > len(candidates)
    if holds_more and not (block.is_shared and source.is_dense):
        return None
    sizes = active_kernel().product_sizes(rows_b, candidates)
    own = _own_numbers(sizes)
    if own is not None:
        return _unit_map(source, own, sizes, mean_match_margin(sizes))
    plain = mean_match_margin(sizes.T if holds_more else sizes)
    match_margin = plain if holds_more else mean_match_margin(sizes, candidates)
    if match_margin < clear_match_margin(MATCHED_UNITS.clear_margin, basis.width):
        return None
    units = _assigned_backward(sizes) if holds_more else assign(sizes)
    if source.is_dense and not block.is_dense:
        units = _without_new(units, sizes, basis.width)
    return _unit_map(source, units, sizes, match_margin, has_copies=plain < MATCHED_UNITS.of_copies * match_margin)


def match_clear_units(
    a: CanonicalWeights, b: CanonicalWeights, block: FfnBlock, source: FfnBlock, basis: Basis
) -> UnitMap | None:
    """Match units that agree so well that a basis of few numbers tells, some at a time; None where it does not.

    An expert that is made of a dense FFN, or holds one, is left to the basis that tells new units from old ones.
    """
    if block.is_dense is not source.is_dense or block.is_shared is not source.is_shared:
        return None
    rows_a, rows_b = a.units_carried(source, basis.aligned_a), b.units_carried(block, basis.own)
    if rows_a is None or rows_b is None or not 2 <= len(rows_a) >= len(rows_b) or rows_a.shape[1] != rows_b.shape[1]:
        return None
    kernel = active_kernel()

    def some(rows: FloatArray) -> tuple[IntArray, FloatArray]:
        return best_and_margin(kernel.product_sizes(rows, rows_a))

    jobs = (
        (start, partial(some, rows_b[start : start + ROWS_AT_ONCE])) for start in range(0, len(rows_b), ROWS_AT_ONCE)
    )
    found = [matched for _, matched in in_order(jobs, kernel.workers)]
    best, margins = (np.concatenate(parts) for parts in zip(*found, strict=True))
    match_margin = float(margins.mean())
    if match_margin < MATCHED_UNITS.coarse_margin:
        return None
    units = assign_from_best(
        best, len(rows_a), lambda rows, columns: kernel.product_sizes(rows_b[rows], rows_a[columns])
    )
    cosine = float(np.abs(np.einsum("nw,nw->n", rows_b, rows_a[units])).mean())
    return UnitMap(source, units, match_margin, cosine)


def _unit_map(
    source: FfnBlock, units: IntArray, sizes: FloatArray, match_margin: float, has_copies: bool = False
) -> UnitMap:
    known = np.flatnonzero(units != NO_SOURCE)
    cosine = float(sizes[known, units[known]].mean()) if len(known) else 0.0
    return UnitMap(source, units, match_margin, cosine, has_copies)


def _own_numbers(sizes: FloatArray) -> IntArray | None:
    """The plain order, where most units best match their own number."""
    if sizes.shape[0] != sizes.shape[1]:
        return None
    numbers = np.arange(len(sizes))
    return numbers if bool((sizes.argmax(axis=1) == numbers).mean() > 0.5) else None


def _assigned_backward(sizes: FloatArray) -> IntArray:
    """Every unit of A is found in B, which has more of them."""
    units = np.full(len(sizes), NO_SOURCE, dtype=np.int64)
    units[assign(np.ascontiguousarray(sizes.T))] = np.arange(sizes.shape[1])
    return units


def _without_new(units: IntArray, sizes: FloatArray, width: int) -> IntArray:
    """Leave out units that agree with theirs no better than the best of so many pairs of random directions would.

    An expert made of a dense FFN is often given new units beside the old ones. Where the old ones have moved so far
    that they cannot be told from new ones, none is left out.
    """
    agreement = sizes[np.arange(len(units)), units]
    old = (units != NO_SOURCE) & (agreement > math.sqrt(2 * math.log(2 * sizes.size) / max(1, width)))
    if not old.any() or float(agreement[old].mean()) < MATCHED_UNITS.mostly_itself:
        return units
    return np.where(old, units, NO_SOURCE)
