"""MXFP4 (OCP Microscaling): values of four bits, 32 of which share a power of two. gpt-oss stores its experts so.

Layout: ``NAME_blocks`` (or ``NAME.blocks``) uint8 ``[..., out, groups, 16]``, two codes a byte, the first one low;
``NAME_scales`` uint8 ``[..., out, groups]``, the exponent plus 127.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, groups_of_size
from lineage_audit.checkpoint.quantization.rules import FLOAT4_LARGEST, power_of_two_scales
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored
from lineage_audit.checkpoint.tensors import StoredTensor

_MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
VALUES = np.array([*_MAGNITUDES, *(-value for value in _MAGNITUDES)], np.float32)
"""What the sixteen codes of FP4 (E2M1) stand for."""

LEVELS, _PLACES = np.unique(VALUES, return_inverse=True)
PLACES = _PLACES.astype(np.int16)
"""The same without its second zero, ascending, and the place of each code there."""

_BYTES, _GROUP, _BIAS = 16, 32, 127


@dataclass(frozen=True, slots=True)
class _Mxfp4(OnGrid):
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
        values = VALUES[self._codes(arrays[0])].reshape(high - low, self.groups, _GROUP)
        with np.errstate(all="ignore"):
            floats: FloatArray = np.ldexp(values, arrays[1].astype(np.int32)[:, :, None] - _BIAS)
        return floats.reshape(high - low, self.groups * _GROUP)

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """By the largest size of a group."""
        return power_of_two_scales(FLOAT4_LARGEST)

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        scales = np.ldexp(np.float32(1), arrays[1].astype(np.int32) - _BIAS)
        columns = groups_of_size(self.groups * _GROUP, _GROUP)
        return Grid(PLACES[self._codes(arrays[0])], LEVELS, scales, np.arange(high - low), columns)

    def _codes(self, packed: RawArray) -> RawArray:
        """Two codes a byte, the first one low."""
        return np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1, self.groups * _GROUP)


def _read(main: str, companion: str, stored: Stored) -> Encoded | None:
    codes, exponents = stored[main], stored[companion]
    if {codes.dtype, exponents.dtype} != {"U8"} or len(codes.shape) < 3 or codes.shape[-1] != _BYTES:
        return None
    if codes.shape[:-1] != exponents.shape or 0 in codes.shape:
        return None
    groups = exponents.shape[-1]
    return Encoded((*exponents.shape[:-1], groups * _GROUP), "MXFP4", _Mxfp4(codes, exponents, groups))


SCHEMES = (
    Scheme("_blocks", "", ("_scales",), lambda stored: _read("_blocks", "_scales", stored)),
    Scheme(".blocks", "", (".scales",), lambda stored: _read(".blocks", ".scales", stored)),
)
