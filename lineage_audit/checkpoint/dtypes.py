"""Stored element types: how many bits they take, how they become float32, and what rounding to them leaves."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from lineage_audit.errors import UnsupportedFormatError

FloatArray = npt.NDArray[np.float32]

BITS: dict[str, int] = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
    "C64": 64,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U64": 64,
    "U32": 32,
    "U16": 16,
    "U8": 8,
    "BOOL": 8,
}
"""Bits of one element, by safetensors' name of the type."""

_NUMPY: dict[str, str] = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "u1",
}
_MANTISSA_BITS = {"F8_E4M3": 3, "F8_E5M2": 2}

READABLE: frozenset[str] = frozenset(_NUMPY) | frozenset(_MANTISSA_BITS) | {"BF16", "F8_E8M0"}
"""Types whose elements can be read as float32."""

EXACT_BITS: dict[str, int] = {"F64": 52, "F32": 23, "F16": 10, "BF16": 7, "F8_E4M3": 3, "F8_E5M2": 2}
"""Mantissa bits of the floating types; fewer bits mean coarser rounding."""


def decode(data: bytes | memoryview, dtype: str) -> FloatArray:
    """Decode raw little-endian elements to a flat float32 array.

    Raises:
        UnsupportedFormatError: the type has no plain decoding to floats.
    """
    if dtype == "F32":
        return np.frombuffer(data, dtype="<f4")
    if dtype == "BF16":
        bits: npt.NDArray[np.uint32] = np.left_shift(np.frombuffer(data, dtype="<u2"), 16, dtype=np.uint32)
        return bits.view(np.float32)
    if dtype in _MANTISSA_BITS:
        return _float8_values(_MANTISSA_BITS[dtype])[np.frombuffer(data, dtype=np.uint8)]
    if dtype == "F8_E8M0":
        exponents = np.frombuffer(data, dtype=np.uint8)
        return np.where(exponents == 255, np.nan, np.ldexp(1.0, exponents.astype(np.int32) - 127)).astype(np.float32)
    if dtype in _NUMPY:
        with np.errstate(over="ignore"):
            return np.frombuffer(data, dtype=_NUMPY[dtype]).astype(np.float32)
    raise UnsupportedFormatError(f"data type {dtype} cannot be read as numbers yet; convert the model to BF16")


def decode_raw(data: bytes | memoryview, dtype: str) -> npt.NDArray[Any]:
    """Decode as ``decode`` does, but leave whole numbers in their own type, as packed codes need."""
    if dtype in _NUMPY and not dtype.startswith("F"):
        return np.frombuffer(data, dtype=_NUMPY[dtype])
    return decode(data, dtype)


def item_bytes(dtype: str) -> int:
    """Bytes of one element of a readable type."""
    return BITS[dtype] // 8


@cache
def _float8_values(mantissa_bits: int) -> FloatArray:
    """All 256 values of an OCP 8-bit float (E4M3FN has no infinities, E5M2 follows IEEE)."""
    codes = np.arange(256)
    bias = 2 ** (6 - mantissa_bits) - 1
    exponent = (codes & 0x7F) >> mantissa_bits
    fraction = (codes & (2**mantissa_bits - 1)) / 2**mantissa_bits
    magnitude = np.where(exponent == 0, fraction * 2.0 ** (1 - bias), (1 + fraction) * 2.0 ** (exponent - bias))
    if mantissa_bits == 3:
        magnitude[codes & 0x7F == 0x7F] = np.nan
    else:
        magnitude[(exponent == 31) & (fraction == 0)] = np.inf
        magnitude[(exponent == 31) & (fraction != 0)] = np.nan
    values: FloatArray = np.where(codes & 0x80, -magnitude, magnitude).astype(np.float32)
    return values


def round_to(values: FloatArray, dtype: str) -> FloatArray:
    """Round float32 values to a stored type (``BF16``, ``F16``) and give them back as float32."""
    if dtype == "BF16":
        bits = np.ascontiguousarray(values).view(np.uint32)
        rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
        return (rounded & np.uint32(0xFFFF0000)).view(np.float32)
    if dtype == "F16":
        with np.errstate(over="ignore"):
            return values.astype(np.float16).astype(np.float32)
    return values
