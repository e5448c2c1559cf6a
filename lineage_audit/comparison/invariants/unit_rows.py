"""FFN units by their rows over channels that embeddings matched: what is left where few numbers a unit say nothing.

Some rows of ``down`` give every unit few numbers, which find a copy. What was trained on for long, or from a common
start alone, shows in whole rows of ``up``: as many numbers as the stream has channels, decorrelated. A row costs the
stream's width, so two FFNs are read, or of large ones a run of neighbours: of units in another order as many find each
other as both runs share by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lineage_audit.checkpoint.reading import RowRequest, bytes_for_rows
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.assignment import assign, clear_match_margin, mean_match_margin
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.invariants.decorrelation import decorrelated
from lineage_audit.comparison.invariants.unit_columns import (
    UnitColumns,
    UnitMatch,
    first_of_each_layer,
    match_alike,
    match_as_paired,
    unit_match_margin,
    up_of,
)
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS

FFNS = 2
"""FFNs whose units are looked at; one where it is so large that a part of it is read."""

_FEW_UNITS = 512
"""Units up to which all rows are read."""

_ROWS = 256
"""Rows that are read of a large one."""

_SHARE = 0.25
"""Share of the budget that they may take."""

_Ups = Mapping[FfnBlock, TensorRef]


def match_unit_rows(
    a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap, layers: Mapping[int, int], budget: int
) -> tuple[UnitMatch, ...]:
    """Units of the first FFN of a few layers: of those that belong together, else of the first and the last.

    Args:
        a: model A.
        b: model B.
        residual: how B's channels come from A's.
        layers: layer of B -> layer of A; empty where nothing tells.
        budget: bytes that may be read of each model.
    """
    ups_a, ups_b = (first_of_each_layer(weights, up_of) for weights in (a, b))
    sources = _sources(ups_a, ups_b, layers)
    if not sources or not residual.joins(a.channels, b.channels):
        return ()
    first = ups_b[next(iter(sources))]
    rows = rows_to_read(first, budget, _ROWS)
    if not len(rows):
        return ()
    if len(rows) < first.shape[0]:
        sources = {block: some[:1] for block, some in list(sources.items())[:1]}
    blocks = spread(list(sources), FFNS)
    wanted = list(dict.fromkeys(one for block in blocks for one in sources[block]))
    of_a = {one.block: one for one in _read(a, ups_a, wanted, rows, residual)}
    of_b = _read(b, ups_b, blocks, rows, ResidualMap("same"))
    candidates = [([of_a[one] for one in sources[own.block] if one in of_a], own) for own in of_b]
    return tuple(_best_match(some, own, rows, first.shape[0]) for some, own in candidates if some)


def _sources(ups_a: _Ups, ups_b: _Ups, layers: Mapping[int, int]) -> dict[FfnBlock, list[FfnBlock]]:
    """The FFNs of A that one of B is held against: its layer's, or the first and the last where no layer is known.

    All are of one size: of models whose FFNs are of several, those of the first one's.
    """
    by_layer = {block.layer: [block] for block in ups_a}
    ends = spread(list(ups_a), FFNS)
    found = {
        block: by_layer.get(layers[block.layer], []) if layers else ends
        for block in (ups_b if layers else spread(list(ups_b), FFNS))
        if not layers or block.layer in layers
    }
    units = {ups_b[block].shape[0] for block in list(found)[:1]}
    alike = {block: [one for one in sources if ups_a[one].shape[0] in units] for block, sources in found.items()}
    return {block: sources for block, sources in alike.items() if sources and ups_b[block].shape[0] in units}


def rows_to_read(up: TensorRef, budget: int, most: int) -> IntArray:
    """All units where they are few or cost no more than one, else a run from the middle; none if that costs too much.

    Args:
        up: one of the matrices, which are of one shape.
        budget: bytes that may be read of each model.
        most: rows of a run.
    """
    units = up.shape[0]
    row, everything = (bytes_for_rows(up, np.arange(count)) for count in (1, units))
    lies_across = 2 * row > everything
    if (units <= _FEW_UNITS or lies_across) and FFNS * everything <= _SHARE * budget:
        return np.arange(units)
    count = 0 if lies_across else min(units, most, max(1, int(_SHARE * budget / max(1, row))))
    start = (units - count) // 2
    return np.arange(start, start + count)


def _read(
    weights: CanonicalWeights, ups: _Ups, blocks: Sequence[FfnBlock], rows: IntArray, residual: ResidualMap
) -> list[UnitColumns]:
    """The same rows of several FFNs over the channels of B, decorrelated, and the lengths that they had."""
    found = []
    for block, values in zip(
        blocks, weights.checkpoint.read([RowRequest(ups[block], rows) for block in blocks]), strict=True
    ):
        folded = weights.folded(values, rows, ups[block].role, block.layer)
        if folded.shape[1] == weights.channels:
            carried = residual.aligned_a(folded).astype(np.float32)
            numbers = unit_rows(decorrelated(unit_rows(carried)))
            found.append(UnitColumns(block, numbers, np.linalg.norm(carried, axis=1)))
    return found


def _best_match(candidates: Sequence[UnitColumns], own: UnitColumns, rows: IntArray, size: int) -> UnitMatch:
    """The match with the FFN of A whose units lead most clearly; all units are paired where all were read and do."""
    best = max(candidates, key=lambda one: unit_match_margin(one, own))
    sizes = np.abs(own.numbers @ best.numbers.T)
    if len(rows) == size and mean_match_margin(sizes) >= clear_match_margin(
        MATCHED_UNITS.clear_margin, own.numbers.shape[1]
    ):
        return match_as_paired(best, own, np.arange(size), assign(sizes))
    return match_alike(best, own, rows, size)
