"""HQQ: codes with a scale and a zero point a group, packed from far apart, the first code in the highest bits.

Layout: the matrix ``shape`` is seen as groups, one a row (``[groups, size]``) or one a column (``[size, groups]``).
``W_q`` holds these rows in as many stretches as codes fit into a word: 1, 2, 4 or 8 to a byte, the first stretch in
the highest bits; with 3 bits ten to an int32. ``scale`` and ``zero`` are a column or a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, one_group, rounded_to, whole_numbers
from lineage_audit.checkpoint.quantization.rules import Constants, by_extents
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_WIDTHS = {"U8": (8, 4, 2, 1), "I32": (3,)}
_NARROW, _FINEST = 1e-4, 2e4
"""Extent of a group up to which its step is one, and the most steps for one."""

_IN_A_WORD = {8: 1, 4: 2, 3: 10, 2: 4, 1: 8}


@dataclass(frozen=True, slots=True)
class _Hqq(OnGrid):
    """One matrix.

    Attributes:
        codes: the packed rows.
        scales: one for each group, as many as rows or as columns of the grouped matrix.
        zeros: likewise.
        columns: columns of the float matrix.
        outputs: rows of the float matrix.
        width: bits of a code.
    """

    codes: StoredTensor
    scales: StoredTensor
    zeros: StoredTensor
    columns: int
    outputs: int
    width: int

    @property
    def _along(self) -> int:
        """Columns of the grouped matrix."""
        return self.codes.shape[1]

    @property
    def _group_size(self) -> int:
        return self.outputs * self.columns // self.scales.size

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("HQQ", self.width, self._group_size, self.columns)

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of scale and zero point."""
        return self.width + 32 / self._group_size

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(self.width)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The packed rows of every stretch that is touched, and the scales and zero points."""
        first, last = self._grouped_rows(low, high)
        if self.scales.shape[0] == 1:
            meta = (whole(self.scales), whole(self.zeros))
        else:
            meta = (rows_of(self.scales, 1, first, last), rows_of(self.zeros, 1, first, last))
        packed = (rows_of(self.codes, self._along, start, stop) for _, start, stop in self._stretches(first, last))
        return (*meta, *packed)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``(code - zero) * scale``."""
        first, _ = self._grouped_rows(low, high)
        codes = self._codes(low, high, arrays).astype(np.float32)
        shape = (1, -1) if self.scales.shape[0] == 1 else (-1, 1)
        with np.errstate(all="ignore"):
            floats = (codes - arrays[1].reshape(shape)) * arrays[0].reshape(shape)
        skipped = low * self.columns - first * self._along
        flat: FloatArray = floats.reshape(-1)[skipped : skipped + (high - low) * self.columns]
        return flat.astype(np.float32).reshape(high - low, self.columns)

    @property
    def together(self) -> int:
        """Rows that fill whole rows of groups; all of them where a group is a column."""
        return self.outputs if self._by_column else self._along // math.gcd(self._along, self.columns)

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """The range of a group; what the optimiser makes of it is its own."""
        return (GridRule("range of a group, not optimised", by_extents(self._constants, rounds_before_storing=True)),)

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The grouped matrix: a group is one of its rows or one of its columns."""
        codes = self._codes(low, high, arrays).astype(np.int16)
        sides = np.arange(len(codes)), one_group(codes.shape[1])
        if self._by_column:
            sides = one_group(len(codes)), np.arange(codes.shape[1])
        shape = (1, -1) if self._by_column else (-1, 1)
        scales, zeros = (array.astype(np.float32).reshape(shape) for array in arrays[:2])
        levels, as_stored = whole_numbers(0, 2**self.width - 1), rounded_to(self.scales.dtype)
        return Grid(codes, levels, scales, *sides, zeros, as_stored=as_stored)

    def _constants(self, least: FloatArray, largest: FloatArray) -> Constants:
        extents = largest - least
        per_step = np.where(extents <= _NARROW, np.float32(1), np.float32(2**self.width - 1) / extents)
        per_step = np.minimum(per_step, np.float32(_FINEST))
        return np.asarray(1 / per_step, np.float32), np.asarray(-least * per_step, np.float32), None

    @property
    def _by_column(self) -> bool:
        return self.scales.shape[0] == 1

    def _codes(self, low: int, high: int, arrays: Sequence[RawArray]) -> RawArray:
        """Rows of the grouped matrix."""
        mask, stretches = 2**self.width - 1, self._stretches(*self._grouped_rows(low, high))
        pieces = [
            (words.astype(np.int64) >> (self.width * (_IN_A_WORD[self.width] - 1 - place))) & mask
            for (place, _, _), words in zip(stretches, arrays[2:], strict=True)
        ]
        return np.concatenate(pieces)

    def _grouped_rows(self, low: int, high: int) -> tuple[int, int]:
        """Rows of the grouped matrix that hold some rows of the float one."""
        return low * self.columns // self._along, -(-high * self.columns // self._along)

    def _stretches(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Place in a word, first packed row, and one past the last, for rows of the grouped matrix."""
        step = self.codes.shape[0]
        for place in range(first // step, -(-last // step)):
            yield place, max(first - place * step, 0), min(last - place * step, step)


def _read(stored: Stored) -> Encoded | None:
    codes, scales, zeros = stored[".W_q"], stored[".scale"], stored[".zero"]
    shape = _sides(stored)
    if shape is None or len(codes.shape) != 2 or 0 in codes.shape or scales.shape != zeros.shape:
        return None
    if not all(one.dtype.startswith(("F", "BF")) and len(one.shape) == 2 for one in (scales, zeros)):
        return None
    outputs, columns = shape
    rows = outputs * columns // codes.shape[1]
    width = next(
        (bits for bits in _WIDTHS.get(codes.dtype, ()) if -(-rows // _IN_A_WORD[bits]) == codes.shape[0]), None
    )
    if (
        width is None
        or rows * codes.shape[1] != outputs * columns
        or scales.shape not in ((rows, 1), (1, codes.shape[1]))
    ):
        return None
    return Encoded((outputs, columns), f"INT{width}", _Hqq(codes, scales, zeros, columns, outputs, width))


def _sides(stored: Stored) -> tuple[int, int] | None:
    shape = stored[".shape"]
    if ".shape" not in stored.notes or shape.dtype not in ("I64", "I32") or shape.size != 2:
        return None
    sides = np.frombuffer(stored.notes[".shape"], "<i8" if shape.dtype == "I64" else "<i4").tolist()
    return (sides[0], sides[1]) if all(0 < side < 2**31 for side in sides) else None


_META = ("nbits", "group_size", "axis", "packing", "unpack_view_dtype", "view_as_float", "compute_dtype", "optimize")
_MORE = ("channel_wise", "round_zero", "stores_quant_config", "encoded_state_dict", "offload_meta")

SCHEME = Scheme(
    ".W_q",
    ".weight",
    (".scale", ".zero", ".shape"),
    _read,
    may_have=tuple(f".{name}" for name in (*_META, *_MORE)),
    notes=(".shape",),
)
