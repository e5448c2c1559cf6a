"""Numbers as files hold them: bfloat16, float32, and FP8 in blocks with a scale each."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.scale.numbers import FloatArray
from benchmarks.scale.shapes import Dtype

_E4M3_LARGEST = 448.0


def encoded(values: FloatArray, dtype: Dtype) -> npt.NDArray[np.generic]:
    """Numbers in the type of a file."""
    if dtype == "BF16":
        return bfloat16(values)
    return e4m3(values) if dtype == "F8_E4M3" else values.astype("<f4")


def bfloat16(values: FloatArray) -> npt.NDArray[np.uint16]:
    """Round to bfloat16, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype("<u2")


def e4m3(values: FloatArray) -> npt.NDArray[np.uint8]:
    """Round to FP8 with four bits of exponent and three of mantissa; what is too large becomes the largest."""
    halves = np.clip(values, -_E4M3_LARGEST, _E4M3_LARGEST).astype(np.float16)
    return _from_half()[halves.view(np.uint16)]


@cache
def _from_half() -> npt.NDArray[np.uint8]:
    """The nearest code of every float16."""
    codes = np.arange(0x7F)
    exponents, mantissas = codes >> 3, codes & 7
    sizes = np.where(exponents > 0, (8 + mantissas) * 2.0 ** (exponents - 10), mantissas * 2.0**-9)
    halves = np.abs(np.arange(1 << 16).astype(np.uint16).view(np.float16).astype(np.float64))
    nearest = np.searchsorted((sizes[1:] + sizes[:-1]) / 2, np.nan_to_num(halves))
    return (nearest | (np.arange(1 << 16) >> 15 << 7)).astype(np.uint8)
