"""Packed BitNet: weights of -1, 0 and 1, four a byte, from four stretches of rows, and one scale for all.

Layout (transformers' BitNet): ``weight`` uint8 ``[out / 4, in]``, the first stretch of rows in the lowest bits, each
code the weight plus one; ``weight_scale`` ``[1]``, which divides, or multiplies where the settings say so
(``autobitlinear``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored
from lineage_audit.checkpoint.tensors import StoredTensor

_IN_A_BYTE = 4
_MULTIPLIES = "autobitlinear"


@dataclass(frozen=True, slots=True)
class _BitNet:
    """One matrix: packed rows, their columns, and the scale."""

    codes: StoredTensor
    scale: StoredTensor
    divides: bool
    scheme: str = "BitNet, -1, 0 and 1"
    bits: float = 2.0
    rounding: float = 0.7

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The scale, and the packed rows of every stretch that is touched."""
        packed = (rows_of(self.codes, self.codes.shape[1], start, stop) for _, start, stop in self._pieces(low, high))
        return (whole(self.scale), *packed)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``(code - 1) / scale``."""
        pieces = [
            (words >> (2 * place)) & 3 for (place, _, _), words in zip(self._pieces(low, high), arrays[1:], strict=True)
        ]
        scale = arrays[0].reshape(-1)[0].astype(np.float32)
        with np.errstate(all="ignore"):
            factor = np.float32(1) / scale if self.divides else scale
            floats: FloatArray = (np.concatenate(pieces).astype(np.float32) - 1) * factor
        return floats

    def _pieces(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """Place in a byte, first packed row, and one past the last."""
        step = self.codes.shape[0]
        for place in range(low // step, -(-high // step)):
            yield place, max(low - place * step, 0), min(high - place * step, step)


def _read(stored: Stored) -> Encoded | None:
    codes, scale = stored[".weight"], stored[".weight_scale"]
    if codes.dtype != "U8" or len(codes.shape) != 2 or 0 in codes.shape or scale.size != 1:
        return None
    if not scale.dtype.startswith(("F", "BF")):
        return None
    divides = stored.settings.get("linear_class") != _MULTIPLIES
    return Encoded((_IN_A_BYTE * codes.shape[0], codes.shape[1]), "INT2", _BitNet(codes, scale, divides))


SCHEME = Scheme(".weight", ".weight", (".weight_scale",), _read)
