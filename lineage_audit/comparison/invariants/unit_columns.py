"""FFN units by a few rows of ``down``: some numbers for every unit of a layer, however the units are ordered.

A row of ``down`` holds what every unit adds to one channel. Given how the channels correspond (by their own numbers,
or as the embeddings say), the same rows of both models give each unit the same numbers, in whatever order the units
stand, and a copy finds its original by their size alone. The sign of what is matched is a fair random sign where a
unit can be negated: up and down together, in a gated FFN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.reading import RowRequest, bytes_for_rows, is_readable
from lineage_audit.checkpoint.tensors import IntArray, TensorKey, TensorRef
from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import ratio, zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.verdict.thresholds import INVARIANTS

FloatArray = npt.NDArray[np.float32]

CHANNELS = 48
"""Rows of ``down`` that are read of a layer."""

_CHEAP = 2**20
"""Bytes that a few rows of any matrix may cost."""

_FEWEST_SIZES = 6
_SAME_SIZE = 1e-4
"""Sizes that a unit's numbers must take; what starts as an identity, a mask or a Hadamard matrix takes one or two."""


_PROBES = 128
_ROWS_AT_ONCE = 128
"""Few enough that their products with all others stay near the processor."""


class UnitColumns(Struct, frozen=True, eq=False):
    """Some numbers of each unit of one FFN, as unit rows ``[units, channels]``, and the lengths they had."""

    block: FfnBlock
    numbers: FloatArray
    lengths: FloatArray


class UnitMatch(Struct, frozen=True, eq=False):
    """Units of one FFN of B that found one of A's, and it them.

    Attributes:
        block: B's FFN.
        source: A's.
        units: numbers in B.
        a_units: for each the number in A.
        cosines: of what was matched, with their signs.
        scales: length of each unit's numbers over that of its counterpart's.
        size: units that B's FFN has.
        asked: units of B that were looked at, and as many of A.
        numbers: how many numbers of each.
        match_margin: by how much probed units lead their second best.
    """

    block: FfnBlock
    source: FfnBlock
    units: IntArray
    a_units: IntArray
    cosines: FloatArray
    scales: FloatArray
    size: int
    asked: int
    numbers: int
    match_margin: float

    @property
    def is_sampled(self) -> bool:
        """Whether only some units were looked at, so that one without a counterpart may well have one."""
        return self.asked < self.size

    @property
    def is_found(self) -> bool:
        """Whether most units found a counterpart, of those that have one among what was read in any order."""
        return len(self.units) >= max(1.0, INVARIANTS.fewest_units * self.asked * self.asked / max(1, self.size))


def first_of_each_layer(
    weights: CanonicalWeights, matrix: Callable[[CanonicalWeights, FfnBlock], TensorRef | None]
) -> dict[FfnBlock, TensorRef]:
    """A matrix of the first FFN of each layer, where it can be read by rows."""
    blocks = [block for layer in weights.layers() for block in weights.ffns(layer)[:1]]
    return {block: tensor for block in blocks if (tensor := matrix(weights, block)) is not None}


def down_of(weights: CanonicalWeights, block: FfnBlock) -> TensorRef | None:
    """The ``down`` of an FFN, or None where it cannot be read by rows."""
    return _by_rows(weights, TensorKey(block.roles.down, "weight", block.layer, block.expert))


def up_of(weights: CanonicalWeights, block: FfnBlock) -> TensorRef | None:
    """Its ``up``, likewise."""
    return _by_rows(weights, TensorKey(block.roles.up, "weight", block.layer, block.expert))


def _by_rows(weights: CanonicalWeights, key: TensorKey) -> TensorRef | None:
    tensor = weights.checkpoint.by_key.get(key)
    fits = tensor is not None and len(tensor.shape) == 2 and is_readable(tensor) and _is_by_rows(tensor)
    return tensor if fits else None


def channels_to_read(width: int, residual: ResidualMap) -> tuple[IntArray, IntArray]:
    """Neighbouring channels of B from the middle, and where they stand in A."""
    count = min(CHANNELS, width)
    own = np.arange((width - count) // 2, (width - count) // 2 + count)
    return own, own if residual.channels is None else residual.channels[own]


def read_unit_numbers(
    weights: CanonicalWeights,
    tensors: dict[FfnBlock, TensorRef],
    blocks: Sequence[FfnBlock],
    channels: IntArray,
    signs: FloatArray | None,
) -> list[UnitColumns]:
    """Read the same rows of several ``down`` matrices together."""
    values = weights.checkpoint.read([RowRequest(tensors[block], channels) for block in blocks])
    set_apart = (without_set(zero_where_unusable(rows), channels) for rows in values)
    return [_numbers(block, _signed(rows, signs).T) for block, rows in zip(blocks, set_apart, strict=True)]


def _numbers(block: FfnBlock, columns: FloatArray) -> UnitColumns:
    """Unit rows; units whose numbers were set rather than trained (zeros, ones, signs of one size) say nothing."""
    sizes = np.sort(np.abs(columns), axis=1)
    distinct = 1 + np.count_nonzero(np.diff(sizes, axis=1) > _SAME_SIZE * sizes[:, -1:], axis=1)
    columns = np.where((distinct >= _FEWEST_SIZES)[:, None], columns, np.float32(0))
    return UnitColumns(block, unit_rows(columns), np.linalg.norm(columns, axis=1))


def match_units(a: UnitColumns, b: UnitColumns) -> UnitMatch:
    """For each unit the one that it agrees with best in size, each once; none where the first few lead by noise."""
    match_margin = unit_match_margin(a, b)
    everyone = np.arange(len(b.numbers))
    units, a_units = (
        (_own_indices(a, b) or _best_of_each(a, b))
        if match_margin >= INVARIANTS.worth_matching
        else (everyone[:0],) * 2
    )
    if len(a.numbers) == len(b.numbers) and len(units) >= INVARIANTS.mostly * len(everyone):
        units, a_units = everyone, _with_the_rest(a, b, units, a_units)
    return match_as_paired(a, b, units, a_units, match_margin)


def match_alike(a: UnitColumns, b: UnitColumns, places: IntArray, size: int) -> UnitMatch:
    """For each unit the one that it agrees with best in size, each once, among a few of an FFN.

    Args:
        a: units of A.
        b: units of B.
        places: which units these are, in both.
        size: units that the FFN has.
    """
    found = match_as_paired(a, b, *_best_of_each(a, b), unit_match_margin(a, b))
    return replace(found, units=places[found.units], a_units=places[found.a_units], size=size)


def match_as_paired(
    a: UnitColumns, b: UnitColumns, units: IntArray, a_units: IntArray, match_margin: float | None = None
) -> UnitMatch:
    """What was matched, where every unit of B's FFN was looked at."""
    match_margin = unit_match_margin(a, b) if match_margin is None else match_margin
    cosines = np.einsum("ij,ij->i", b.numbers[units], a.numbers[a_units])
    scales = ratio(b.lengths[units], a.lengths[a_units]).astype(np.float32)
    count, numbers = b.numbers.shape
    return UnitMatch(b.block, a.block, units, a_units, cosines, scales, count, count, numbers, match_margin)


def match_some_by_size(a: UnitColumns, b: UnitColumns, most: int) -> tuple[IntArray, IntArray]:
    """Units of B and for each one of A, by the sizes of their numbers alone; none where the first few lead by noise.

    It asks no sign of a unit and none of a channel, so it can be asked where channels are known but for their signs.

    Args:
        a: units of A.
        b: units of B.
        most: for how many of B's a counterpart is looked for.
    """
    sizes_a, sizes_b = (UnitColumns(one.block, centred_sizes(one.numbers), one.lengths) for one in (a, b))
    if unit_match_margin(sizes_a, sizes_b) < INVARIANTS.worth_matching:
        nobody = np.empty(0, dtype=np.int64)
        return nobody, nobody
    asked = spread_numbers(len(b.numbers), most)
    units, a_units = _best_of_each(sizes_a, UnitColumns(b.block, sizes_b.numbers[asked], b.lengths[asked]))
    return asked[units], a_units


def centred_sizes(numbers: FloatArray) -> FloatArray:
    """How the sizes of a row's numbers depart from their mean, as unit rows."""
    sizes = np.abs(numbers)
    return unit_rows(sizes - sizes.mean(axis=1, keepdims=True))


def _own_indices(a: UnitColumns, b: UnitColumns) -> tuple[IntArray, IntArray] | None:
    """The units that kept their numbers, where most did: nothing has to be looked for then."""
    if len(a.numbers) != len(b.numbers):
        return None
    units = np.flatnonzero(np.abs(np.einsum("ij,ij->i", b.numbers, a.numbers)) >= INVARIANTS.matched_cosine)
    return (units, units) if len(units) >= INVARIANTS.mostly * len(b.numbers) else None


def _best_of_each(a: UnitColumns, b: UnitColumns) -> tuple[IntArray, IntArray]:
    """The best match of each unit by |cosine|; of units that want the same one, the closest has it."""
    best, sizes = _best(b.numbers, a.numbers)
    closest_first = np.argsort(-sizes, kind="stable")
    _, first = np.unique(best[closest_first], return_index=True)
    units = np.sort(closest_first[first])
    units = units[sizes[units] >= INVARIANTS.matched_cosine]
    return units, best[units]


def _with_the_rest(a: UnitColumns, b: UnitColumns, units: IntArray, a_units: IntArray) -> IntArray:
    """For every unit of B one of A: where most found theirs, the rest are assigned to those that are left."""
    left_b, left_a = (np.setdiff1d(np.arange(len(b.numbers)), taken) for taken in (units, a_units))
    every = np.empty(len(b.numbers), dtype=np.int64)
    every[units] = a_units
    if len(left_b):
        every[left_b] = left_a[assign(np.abs(b.numbers[left_b] @ a.numbers[left_a].T))]
    return every


def unit_match_margin(a: UnitColumns, b: UnitColumns) -> float:
    """Mean match margin of the better quarter of probed units."""
    probes = spread_numbers(len(b.numbers), _PROBES)
    if len(a.numbers) < 2:
        return 0.0
    top = np.partition(np.abs(b.numbers[probes] @ a.numbers.T), -2, axis=1)[:, -2:]
    found = np.sort(top[:, 1] - top[:, 0])
    return float(found[-max(1, len(found) // 4) :].mean())


def _best(rows: FloatArray, among: FloatArray) -> tuple[IntArray, FloatArray]:
    """For each row the best of the others by |cosine|, some rows at a time."""
    best = np.empty(len(rows), dtype=np.int64)
    sizes = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        part = rows[some] @ among.T
        np.abs(part, out=part)
        best[some] = part.argmax(axis=1)
        sizes[some] = np.take_along_axis(part, best[some, None], axis=1)[:, 0]
    return best, sizes


def _signed(rows: FloatArray, signs: FloatArray | None) -> FloatArray:
    return rows if signs is None else rows * signs[:, None]


def _is_by_rows(tensor: TensorRef) -> bool:
    """Tell whether a few rows cost little more than their bytes."""
    rows = np.arange(min(CHANNELS, tensor.shape[0]))
    row = max(1, bytes_for_rows(tensor, np.arange(1)))
    return bytes_for_rows(tensor, rows) <= max(4 * len(rows) * row, _CHEAP)
