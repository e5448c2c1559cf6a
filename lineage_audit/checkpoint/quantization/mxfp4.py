"""MXFP4 (OCP Microscaling): values of four bits, 32 of which share a power of two. gpt-oss stores its experts so.

Layout: ``NAME_blocks`` (or ``NAME.blocks``) uint8 ``[..., out, groups, 16]``, two codes a byte, the first one low;
``NAME_scales`` uint8 ``[..., out, groups]``, the exponent plus 127.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored
from lineage_audit.checkpoint.tensors import StoredTensor

_MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
VALUES = np.array([*_MAGNITUDES, *(-value for value in _MAGNITUDES)], np.float32)
"""What the sixteen codes of FP4 (E2M1) stand for."""

_BYTES, _GROUP, _BIAS = 16, 32, 127


@dataclass(frozen=True, slots=True)
class Mxfp4:
    """A stack of matrices one under the other: codes, exponents, and groups in a row."""

    codes: StoredTensor
    exponents: StoredTensor
    groups: int
    scheme: str = "MXFP4"
    bits: float = 4.25
    rounding: float = 0.25

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Rows of codes and exponents."""
        return (
            rows_of(self.codes, self.groups * _BYTES, low, high),
            rows_of(self.exponents, self.groups, low, high),
        )

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Look the codes up and scale them group by group."""
        codes = arrays[0].reshape(high - low, self.groups, _BYTES)
        values = VALUES[np.stack([codes & 15, codes >> 4], axis=-1)].reshape(high - low, self.groups, _GROUP)
        with np.errstate(all="ignore"):
            floats: FloatArray = np.ldexp(values, arrays[1].astype(np.int32)[:, :, None] - _BIAS)
        return floats.reshape(high - low, self.groups * _GROUP)


def _read(main: str, companion: str, stored: Stored) -> Encoded | None:
    codes, exponents = stored[main], stored[companion]
    if {codes.dtype, exponents.dtype} != {"U8"} or len(codes.shape) < 3 or codes.shape[-1] != _BYTES:
        return None
    if codes.shape[:-1] != exponents.shape or 0 in codes.shape:
        return None
    groups = exponents.shape[-1]
    return Encoded((*exponents.shape[:-1], groups * _GROUP), "MXFP4", Mxfp4(codes, exponents, groups))


SCHEMES = (
    Scheme("_blocks", "", ("_scales",), lambda stored: _read("_blocks", "_scales", stored)),
    Scheme(".blocks", "", (".scales",), lambda stored: _read(".blocks", ".scales", stored)),
)
