"""Codes of one byte times a scale: FP8 and int8, by tensor, row, group or block.

Layouts: ``weight`` with ``weight_scale`` (compressed-tensors' float- and int-quantized, ModelOpt, fbgemm) or with
``weight_scale_inv`` (DeepSeek V3: a scale for 128 by 128 weights; it multiplies, whatever its name says), and
bitsandbytes' int8 with ``SCB``, the largest size of each row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_FLOAT8 = {"F8_E4M3": "FP8 E4M3", "F8_E5M2": "FP8 E5M2"}
_FLOAT8_ROUNDING = {"F8_E4M3": 0.04, "F8_E5M2": 0.08}
"""Half a unit in the last place over the square root of three, doubled for small values."""

_BLOCK = 128
_LARGEST_CODE = 127.0


@dataclass(frozen=True, slots=True)
class Scaled:
    """One matrix, or a stack of them one under the other.

    Attributes:
        codes: one byte an element.
        scales: one for each block of rows and columns.
        zeros: zero points in the layout of the scales, or None.
        columns: columns of the matrix.
        block: rows and columns that share a scale.
        divisor: what the scales are divided by.
        name: the scheme without its grouping.
    """

    codes: StoredTensor
    scales: StoredTensor
    zeros: StoredTensor | None
    columns: int
    block: tuple[int, int]
    divisor: float
    name: str

    @property
    def _scale_columns(self) -> int:
        return -(-self.columns // self.block[1])

    @property
    def scheme(self) -> str:
        """Name and grouping."""
        rows, columns = self.block
        if rows > 1:
            is_part = columns < self.columns or rows < math.prod(self.codes.shape[:-1])
            grouping = f"blocks of {rows} by {columns}" if is_part else "one scale a matrix"
        else:
            grouping = f"groups of {columns}" if columns < self.columns else "one scale a row"
        return f"{self.name}, {grouping}"

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of a scale."""
        return 8 + 32 / (self.block[0] * self.block[1])

    @property
    def rounding(self) -> float:
        """That of the code's type."""
        return _FLOAT8_ROUNDING.get(self.codes.dtype, integer_rounding(8))

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows of codes, and the rows of scales that they share."""
        first, last = low // self.block[0], -(-high // self.block[0])
        scales = [rows_of(grid, self._scale_columns, first, last) for grid in (self.scales, self.zeros) if grid]
        return (rows_of(self.codes, self.columns, low, high), *scales)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``(code - zero) * scale``."""
        codes = arrays[0].astype(np.float32)
        with np.errstate(all="ignore"):
            if len(arrays) > 2:
                codes = codes - self._spread(arrays[2], low, high)
            floats: FloatArray = codes * (self._spread(arrays[1], low, high) / np.float32(self.divisor))
        return floats

    def _spread(self, grid: RawArray, low: int, high: int) -> FloatArray:
        """Give every element the value of its block."""
        rows = np.arange(low, high) // self.block[0] - low // self.block[0]
        chosen = grid.astype(np.float32)[rows]
        if self._scale_columns == 1:
            return chosen
        return np.repeat(chosen, self.block[1], axis=1)[:, : self.columns]


def _scaled(
    stored: Stored, scales: StoredTensor, zeros: StoredTensor | None, divisor: float, what: str
) -> Encoded | None:
    codes = stored[".weight"]
    if len(codes.shape) < 2 or 0 in codes.shape or codes.dtype not in (*_FLOAT8, "I8"):
        return None
    if not scales.dtype.startswith(("F", "BF")) or (zeros is not None and zeros.shape != scales.shape):
        return None
    block = _block(codes.shape, scales, stored)
    if block is None:
        return None
    dtype = "INT8" if codes.dtype == "I8" else "FP8"
    return Encoded(codes.shape, dtype, Scaled(codes, scales, zeros, codes.shape[-1], block, divisor, what))


def _block(shape: tuple[int, ...], scales: StoredTensor, stored: Stored) -> tuple[int, int] | None:
    """Rows and columns that share a scale, or None where the scales do not fit the codes."""
    rows, columns = shape[-2:]
    stack = shape[:-2]
    if scales.size == 1:
        return math.prod(shape[:-1]), columns
    grid = scales.shape[len(stack) :]
    if scales.shape[: len(stack)] != stack or len(grid) not in (1, 2):
        return None
    down, across = grid if len(grid) == 2 else (grid[0], 1)
    stated = stored.settings.get("weight_block_size")
    sides = stated if isinstance(stated, list) and len(stated) == 2 else [_BLOCK, _BLOCK]
    height = 1 if down == rows else rows if down == 1 else sides[0]
    width = columns if across == 1 else columns // across if height == 1 and columns % across == 0 else sides[1]
    if not all(isinstance(side, int) and 0 < side <= max(shape) for side in (height, width)):
        return None
    fits = -(-rows // height) == down and -(-columns // width) == across
    return (height, width) if fits and not (stack and rows % height) else None


def _read_scale(stored: Stored) -> Encoded | None:
    return _scaled(stored, stored[".weight_scale"], stored.get(".weight_zero_point"), 1.0, _name(stored))


def _read_scale_inverse(stored: Stored) -> Encoded | None:
    return _scaled(stored, stored[".weight_scale_inv"], None, 1.0, _name(stored))


def _read_row_maxima(stored: Stored) -> Encoded | None:
    if stored[".weight"].dtype != "I8" or stored[".SCB"].shape != stored[".weight"].shape[:1]:
        return None
    return _scaled(stored, stored[".SCB"], None, _LARGEST_CODE, "bitsandbytes int8")


def _name(stored: Stored) -> str:
    return _FLOAT8.get(stored[".weight"].dtype, "int8")


_ACTIVATIONS = (".input_scale", ".input_zero_point", ".output_scale", ".activation_scale")
"""Scales of activations, which say nothing of the weights."""

SCHEMES = (
    Scheme(".weight", ".weight", (".weight_scale",), _read_scale, (".weight_zero_point", *_ACTIVATIONS)),
    Scheme(".weight", ".weight", (".weight_scale_inv",), _read_scale_inverse, _ACTIVATIONS),
    Scheme(".weight", ".weight", (".SCB",), _read_row_maxima, (".weight_format",)),
)
