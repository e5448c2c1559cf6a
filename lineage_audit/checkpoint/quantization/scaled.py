"""Codes of one byte times a scale: FP8 and int8, by tensor, row, group or block.

Layouts: ``weight`` with ``weight_scale`` (compressed-tensors' float- and int-quantized, ModelOpt, fbgemm; exponents in
MXFP8), with ``weight_scale_inv`` (DeepSeek V3: a scale for 128 by 128 weights; it multiplies, whatever its name says),
with ``scale`` (DeepSeek's own files) or ``scale_weight`` (ComfyUI); stacked experts under a name of their own, with
``NAME_scale`` or ``NAME_scale_inv``; quanto's types of 8 bits (``weight._data`` with ``weight._scale``); torchao's
tensors as it flattens them (``_weight_qdata`` with ``_weight_scale``: int8, integers held in int8, FP8, MXFP8); and
bitsandbytes' int8 with ``SCB``, the largest size of each row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.quantization.grid import (
    Grid,
    GridRule,
    IntArray,
    OnGrid,
    groups_of_size,
    rounded_to,
    whole_numbers,
)
from lineage_audit.checkpoint.quantization.rules import (
    FLOAT8_LARGEST,
    asymmetric_integers,
    float8_levels,
    power_of_two_scales,
    scaled_floats,
    symmetric_integers,
)
from lineage_audit.checkpoint.quantization.scheme import (
    ACTIVATIONS,
    Encoded,
    Scheme,
    Stored,
    are_exponents,
    as_scales,
    integer_rounding,
)
from lineage_audit.checkpoint.tensors import StoredTensor

_FLOAT8 = {"F8_E4M3": "FP8 E4M3", "F8_E5M2": "FP8 E5M2"}
_FLOAT8_ROUNDING = {"F8_E4M3": 0.04, "F8_E5M2": 0.08}
"""Half a unit in the last place over the square root of three, doubled for small values."""

_BLOCK = 128
_LARGEST_CODE = 127.0


@dataclass(frozen=True, slots=True)
class _Scaled(OnGrid):
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
                codes = codes - self._spread(arrays[2].astype(np.float32), low, high)
            floats: FloatArray = codes * (self._spread(as_scales(arrays[1]), low, high) / np.float32(self.divisor))
        return floats

    @property
    def together(self) -> int:
        """Rows that share a scale, unless all do."""
        return 1 if self._spans else self.block[0]

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """By the largest size of a group, or by its range where there are zero points."""
        dtype = self.scales.dtype
        if self.codes.dtype == "I8":
            return symmetric_integers(8, dtype) if self.zeros is None else asymmetric_integers(8, dtype, -128)
        largest = FLOAT8_LARGEST[self.codes.dtype]
        return power_of_two_scales(largest) if are_exponents(self.scales) else scaled_floats(largest, dtype)

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        is_whole = self.codes.dtype == "I8"
        levels = whole_numbers(-128, 127) if is_whole else float8_levels(self.codes.dtype)
        places = arrays[0].astype(np.int16) + 128 if is_whole else _places(levels, arrays[0])
        rows = groups_of_size(high - low, self.block[0], low)
        columns = groups_of_size(self.columns, self.block[1])
        with np.errstate(all="ignore"):
            scales = as_scales(arrays[1]) / np.float32(self.divisor)
        zeros = arrays[2].astype(np.float32) if self.zeros is not None else None
        as_stored = rounded_to(self.scales.dtype)
        return Grid(places, levels, scales, rows, columns, zeros, spans=self._spans, as_stored=as_stored)

    @property
    def _spans(self) -> bool:
        """Whether one scale belongs to a whole matrix."""
        return self.block[0] >= math.prod(self.codes.shape[:-1]) > 1

    def _spread(self, grid: FloatArray, low: int, high: int) -> FloatArray:
        """Give every element the value of its block."""
        rows = np.arange(low, high) // self.block[0] - low // self.block[0]
        chosen = grid[rows]
        if self._scale_columns == 1:
            return chosen
        return np.repeat(chosen, self.block[1], axis=1)[:, : self.columns]


def _places(levels: FloatArray, values: FloatArray) -> IntArray:
    """The place of each value among the levels; what is not finite has none, and stands for the last."""
    return np.minimum(np.searchsorted(levels, values), len(levels) - 1).astype(np.int16)


def _scaled(
    codes: StoredTensor,
    scales: StoredTensor,
    zeros: StoredTensor | None,
    settings: Mapping[str, object],
    divisor: float = 1.0,
    name: str | None = None,
) -> Encoded | None:
    if len(codes.shape) < 2 or 0 in codes.shape or codes.dtype not in (*_FLOAT8, "I8"):
        return None
    if not (scales.dtype.startswith(("F", "BF")) or are_exponents(scales)) or (
        zeros is not None and zeros.shape != scales.shape
    ):
        return None
    block = _block(codes.shape, scales, settings.get("weight_block_size"))
    if block is None:
        return None
    dtype = "INT8" if codes.dtype == "I8" else "FP8"
    name = name or _FLOAT8.get(codes.dtype, "int8")
    return Encoded(codes.shape, dtype, _Scaled(codes, scales, zeros, codes.shape[-1], block, divisor, name))


def _block(shape: tuple[int, ...], scales: StoredTensor, stated: object) -> tuple[int, int] | None:
    """Rows and columns that share a scale, or None where the scales do not fit the codes."""
    rows, columns = shape[-2:]
    stack = shape[:-2]
    if scales.size == 1:
        return math.prod(shape[:-1]), columns
    grid = scales.shape[len(stack) :]
    if scales.shape[: len(stack)] != stack or len(grid) not in (1, 2):
        return None
    down, across = grid if len(grid) == 2 else (grid[0], 1)
    sides = stated if isinstance(stated, list) and len(stated) == 2 else [_BLOCK, _BLOCK]
    height = 1 if down == rows else rows if down == 1 else sides[0]
    width = columns if across == 1 else columns // across if height != sides[0] and not columns % across else sides[1]
    if not all(isinstance(side, int) and 0 < side <= max(shape) for side in (height, width)):
        return None
    fits = -(-rows // height) == down and -(-columns // width) == across
    return (height, width) if fits and not (stack and rows % height) else None


def _read(main: str, scale: str, stored: Stored, zeros: str = ".weight_zero_point") -> Encoded | None:
    return _scaled(stored[main], stored[scale], stored.get(zeros), stored.settings)


def _read_row_maxima(stored: Stored) -> Encoded | None:
    codes, maxima = stored[".weight"], stored[".SCB"]
    if codes.dtype != "I8" or maxima.shape != codes.shape[:1]:
        return None
    return _scaled(codes, maxima, None, stored.settings, _LARGEST_CODE, "bitsandbytes int8")


SCHEMES = (
    Scheme(
        ".weight",
        ".weight",
        (".weight_scale",),
        partial(_read, ".weight", ".weight_scale"),
        (".weight_zero_point", *ACTIVATIONS),
    ),
    *(
        Scheme(".weight", ".weight", (scale,), partial(_read, ".weight", scale), ACTIVATIONS)
        for scale in (".weight_scale_inv", ".scale", ".scale_weight")
    ),
    Scheme(".weight", ".weight", (".SCB",), _read_row_maxima, (".weight_format",)),
    Scheme("._data", "", ("._scale",), partial(_read, "._data", "._scale")),
    Scheme(
        "._weight_qdata",
        ".weight",
        ("._weight_scale",),
        partial(_read, "._weight_qdata", "._weight_scale", zeros="._weight_zero_point"),
        ("._weight_zero_point", "._weight_act_quant_scale", "._weight_act_pre_scale"),
    ),
    *(Scheme("", "", (scale,), partial(_read, "", scale)) for scale in ("_scale", "_scale_inv")),
)
