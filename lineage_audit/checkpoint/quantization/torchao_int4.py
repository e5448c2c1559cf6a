"""torchao's plain int4, as it flattens it for safetensors: groups along rows, a scale and an offset a group.

Layout: ``_weight_qdata`` int8 ``[out, in / 2]``, two codes from -8 to 7 a byte, the first one low; ``_weight_scale``
and ``_weight_zero_point`` ``[groups, out]``, the other way round. A zero point is in values, not in codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, groups_of_size, rounded_to, whole_numbers
from lineage_audit.checkpoint.quantization.rules import Constants, by_extents
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_WIDTH, _LEAST, _LARGEST = 4, -8, 7
_NARROW = 1e-6
"""Range of a group up to which its steps are of one size."""


@dataclass(frozen=True, slots=True)
class _Int4(OnGrid):
    """One matrix: codes, and for every group of ``group`` columns a row of scales and one of offsets."""

    codes: StoredTensor
    scales: StoredTensor
    offsets: StoredTensor
    group: int

    @property
    def _columns(self) -> int:
        return 2 * self.codes.shape[1]

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("torchao", _WIDTH, self.group, self._columns)

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of scale and offset."""
        return _WIDTH + 32 / self.group

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(_WIDTH)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows of codes, and the tables of scales and offsets, whose columns they are."""
        return rows_of(self.codes, self.codes.shape[1], low, high), whole(self.scales), whole(self.offsets)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``code * scale + offset``."""
        return self.grid(low, high, arrays).values()

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """The range of a group."""
        return (GridRule("range of a group", by_extents(_constants, rounds_before_storing=True)),)

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        halves = arrays[0].astype(np.int8)[..., None] << np.array([4, 0], np.int8)
        codes = (halves >> 4).reshape(high - low, -1).astype(np.int16) - _LEAST
        shape = self.scales.shape
        scales, offsets = (one.reshape(shape)[:, low:high].T.astype(np.float32) for one in arrays[1:])
        rows, columns = np.arange(high - low), groups_of_size(self._columns, self.group)
        levels, as_stored = whole_numbers(_LEAST, _LARGEST), rounded_to(self.scales.dtype)
        return Grid(codes, levels, scales, rows, columns, offsets=offsets, as_stored=as_stored)


def _constants(least: FloatArray, largest: FloatArray) -> Constants:
    scales = np.maximum(largest - least, np.float32(_NARROW)) / np.float32(_LARGEST - _LEAST)
    return scales, None, least - scales * np.float32(_LEAST)


def _read(stored: Stored) -> Encoded | None:
    codes, scales, offsets = (stored[f"._weight_{name}"] for name in ("qdata", "scale", "zero_point"))
    if codes.dtype != "I8" or len(codes.shape) != 2 or scales.shape != offsets.shape or len(scales.shape) != 2:
        return None
    if scales.dtype != offsets.dtype or not scales.dtype.startswith(("F", "BF")):
        return None
    columns = 2 * codes.shape[1]
    if stored.get("._weight_act_pre_scale") is not None:  # inputs are scaled by it, and so weights would have to be
        return None
    if 0 in (*codes.shape, *scales.shape) or scales.shape[1] != codes.shape[0] or columns % scales.shape[0]:
        return None
    encoding = _Int4(codes, scales, offsets, columns // scales.shape[0])
    return Encoded((codes.shape[0], columns), "INT4", encoding)


SCHEME = Scheme(
    "._weight_qdata", ".weight", ("._weight_scale", "._weight_zero_point"), _read, ("._weight_act_pre_scale",)
)
