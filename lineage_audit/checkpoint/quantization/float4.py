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
from lineage_audit.checkpoint.quantization.exponents import are_exponents, as_scales
from lineage_audit.checkpoint.quantization.mxfp4 import VALUES
from lineage_audit.checkpoint.quantization.scheme import ACTIVATIONS, Encoded, Scheme, Stored
from lineage_audit.checkpoint.tensors import StoredTensor

_BLOCKS = (16, 32)


@dataclass(frozen=True, slots=True)
class Float4:
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
        codes = arrays[0]
        values = VALUES[np.stack([codes & 15, codes >> 4], axis=-1)].reshape(high - low, -1, self.block)
        with np.errstate(all="ignore"):
            scales = as_scales(arrays[1])
            if self.overall is not None:
                own = arrays[2].reshape(-1).astype(np.float32)
                by_row = own[np.arange(low, high) // self.rows % len(own)][:, None]
                scales = scales / by_row if self.divides else scales * by_row
            floats: FloatArray = values * scales[:, :, None]
        return floats.reshape(high - low, self.columns)


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
    encoding = Float4(codes, scales, overall, divides, columns, codes.shape[-2], block, f"{producer} {name}")
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
