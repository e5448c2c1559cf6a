"""FP4 (E2M1) codes, two a byte, the first one low, with a scale for every 16 or 32 of a row.

Layouts: compressed-tensors' ``nvfp4-pack-quantized`` (``weight_packed``, ``weight_scale`` in FP8 for 16,
``weight_global_scale`` that divides) and ``mxfp4-pack-quantized`` (``weight_scale`` an exponent for 32, no global
scale); ModelOpt's NVFP4 (``weight`` itself packed, ``weight_scale``, ``weight_scale_2`` that multiplies).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, groups_of_size, nearest_level
from lineage_audit.checkpoint.quantization.mxfp4 import LEVELS, PLACES, VALUES
from lineage_audit.checkpoint.quantization.rules import (
    FLOAT4_LARGEST,
    float8_levels,
    power_of_two_scales,
    scaled_floats,
)
from lineage_audit.checkpoint.quantization.scheme import ACTIVATIONS, Encoded, Scheme, Stored, are_exponents, as_scales
from lineage_audit.checkpoint.tensors import StoredTensor

_BLOCKS = (16, 32)


@dataclass(frozen=True, slots=True)
class _Float4(OnGrid):
    """A matrix, or a stack of them one under the other.

    Attributes:
        codes: two elements a byte.
        scales: one for ``block`` elements of a row.
        overall: one more scale, of everything or of each matrix of a stack; None where there is none.
        divides: the overall scale divides.
        columns: of the matrix.
        rows: of one matrix of the stack.
        block: elements that share a scale.
        name: what a report calls it.
    """

    codes: StoredTensor
    scales: StoredTensor
    overall: StoredTensor | None
    divides: bool
    columns: int
    rows: int
    block: int
    name: str
    rounding: float = 0.25

    @property
    def scheme(self) -> str:
        """Name and block."""
        return f"{self.name}, blocks of {self.block}"

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of a scale of one byte."""
        return 4 + 8 / self.block

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Rows of codes and scales, and the overall scales."""
        needed = (
            rows_of(self.codes, self.columns // 2, low, high),
            rows_of(self.scales, self.columns // self.block, low, high),
        )
        return (*needed, whole(self.overall)) if self.overall is not None else needed

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Look the codes up and scale them block by block."""
        values = VALUES[_codes(arrays[0])].reshape(high - low, -1, self.block)
        with np.errstate(all="ignore"):
            scales = as_scales(arrays[1])
            if self.overall is not None:
                scales = scales * self._factors(low, high, arrays[2])
            floats: FloatArray = values * scales[:, :, None]
        return floats.reshape(high - low, self.columns)

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """By the largest size of a block: a power of two, or what the overall scale brings into FP8."""
        return power_of_two_scales(FLOAT4_LARGEST) if self.overall is None else scaled_floats(FLOAT4_LARGEST, "F32")

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is; block scales with the overall one."""
        rows, columns = np.arange(high - low), groups_of_size(self.columns, self.block)
        scales = as_scales(arrays[1])
        if self.overall is None:
            return Grid(PLACES[_codes(arrays[0])], LEVELS, scales, rows, columns)
        factors, levels = self._factors(low, high, arrays[2]), float8_levels("F8_E4M3")

        def as_stored(exact: FloatArray) -> FloatArray:
            stored: FloatArray = levels[nearest_level(levels, exact / factors)] * factors
            return stored

        with np.errstate(all="ignore"):
            return Grid(PLACES[_codes(arrays[0])], LEVELS, scales * factors, rows, columns, as_stored=as_stored)

    def _factors(self, low: int, high: int, overall: RawArray) -> FloatArray:
        """What the scales of each row are multiplied by."""
        own = overall.reshape(-1).astype(np.float32)
        by_row: FloatArray = own[np.arange(low, high) // self.rows % len(own)][:, None]
        return np.float32(1) / by_row if self.divides else by_row


def _codes(packed: RawArray) -> RawArray:
    """Two codes a byte, the first one low, row by row."""
    return np.stack([packed & 15, packed >> 4], axis=-1).reshape(len(packed), -1) & 15


def _float4(
    stored: Stored, codes: StoredTensor, overall: StoredTensor | None, *, divides: bool, producer: str
) -> Encoded | None:
    scales = stored[".weight_scale"]
    if codes.dtype not in ("U8", "I8") or len(codes.shape) < 2 or 0 in (*codes.shape, *scales.shape):
        return None
    if scales.shape[:-1] != codes.shape[:-1] or not (scales.dtype.startswith(("F", "BF")) or are_exponents(scales)):
        return None
    columns, stack = 2 * codes.shape[-1], math.prod(codes.shape[:-2])
    block, remainder = divmod(columns, scales.shape[-1])
    if remainder or block not in _BLOCKS or (overall is not None and overall.size not in (1, stack)):
        return None
    name = "NVFP4" if overall is not None else "MXFP4"
    shape = (*codes.shape[:-1], columns)
    encoding = _Float4(codes, scales, overall, divides, columns, codes.shape[-2], block, f"{producer} {name}")
    return Encoded(shape, name, encoding)


def _read_packed(stored: Stored) -> Encoded | None:
    overall = stored.get(".weight_global_scale")
    return _float4(stored, stored[".weight_packed"], overall, divides=True, producer="compressed-tensors")


def _read_modelopt(stored: Stored) -> Encoded | None:
    return _float4(stored, stored[".weight"], stored[".weight_scale_2"], divides=False, producer="ModelOpt")


SCHEMES = (
    Scheme(
        ".weight_packed",
        ".weight",
        (".weight_scale",),
        _read_packed,
        (".weight_global_scale", ".weight_shape", *ACTIVATIONS),
    ),
    Scheme(".weight", ".weight", (".weight_scale", ".weight_scale_2"), _read_modelopt, ACTIVATIONS),
)
