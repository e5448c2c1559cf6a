"""Scales that are powers of two, stored as the exponent plus 127 (E8M0), with or without a type that says so."""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray
from lineage_audit.checkpoint.tensors import StoredTensor

_BIAS = 127


def are_exponents(scales: StoredTensor) -> bool:
    """Tell whether a tensor of scales can only be exponents: bytes, or their own type."""
    return scales.dtype in ("U8", "F8_E8M0")


def as_scales(read: RawArray) -> FloatArray:
    """The scales as floats; what was read as bytes is exponents."""
    if read.dtype == np.uint8:
        powers: FloatArray = np.ldexp(np.float32(1), read.astype(np.int32) - _BIAS)
        return powers
    return read.astype(np.float32)
