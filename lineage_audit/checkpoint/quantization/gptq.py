"""GPTQ: codes of 2, 3, 4 or 8 bits, packed down the input dimension, with a scale and a zero point a group.

Layout (AutoGPTQ, GPTQModel): ``qweight`` int32 ``[in * bits / 32, out]``, ``qzeros`` int32 ``[groups, words]``,
``scales`` ``[groups, out]``, ``g_idx`` int32 ``[in]``: the group of each input (act-order scatters them). The first
version of the format stores zero points less one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, columns_of, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GroupArray, OnGrid, whole_numbers
from lineage_audit.checkpoint.quantization.packed_words import groups_of, unpack, words_for
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_SECOND_VERSION = "gptq_v2"
_FORMAT_KEYS = ("checkpoint_format", "format")


@dataclass(frozen=True, slots=True)
class _Gptq(OnGrid):
    """One matrix.

    Attributes:
        codes: ``qweight``.
        zeros: ``qzeros``.
        scales: ``scales``.
        groups: ``g_idx``, or None where groups follow each other.
        width: bits of a code.
        inputs: columns of the float matrix.
        zero_offset: what is added to stored zero points.
    """

    codes: StoredTensor
    zeros: StoredTensor
    scales: StoredTensor
    groups: StoredTensor | None
    width: int
    inputs: int
    zero_offset: int

    @property
    def _group_size(self) -> int:
        return -(-self.inputs // self.scales.shape[0])

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("GPTQ", self.width, self._group_size, self.inputs)

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of scale and zero point."""
        return self.width + (16 + self.width) / self._group_size

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(self.width)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The columns of the codes and scales, and all zero points and groups, which are small."""
        needed = (
            columns_of(self.codes, low, high),
            columns_of(self.scales, low, high),
            rows_of(self.zeros, self.zeros.shape[1], 0, self.zeros.shape[0]),
        )
        return (*needed, whole(self.groups)) if self.groups is not None else needed

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``scale * (code - zero)``, each input by its group."""
        codes, groups = unpack(arrays[0].T, self.width, self.inputs).astype(np.float32), self._groups(arrays)
        with np.errstate(all="ignore"):
            floats: FloatArray = (codes - self._zeros(low, high, arrays)[:, groups]) * arrays[1].T[:, groups]
        return floats

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        codes, scales = unpack(arrays[0].T, self.width, self.inputs).astype(np.int16), arrays[1].T
        levels, zeros = whole_numbers(0, 2**self.width - 1), self._zeros(low, high, arrays)
        return Grid(codes, levels, scales, np.arange(high - low), self._groups(arrays), zeros)

    def _groups(self, arrays: Sequence[RawArray]) -> GroupArray:
        """The group of each input."""
        stated = arrays[3] if self.groups is not None else None
        what = f"{self.codes.file}: {self.codes.name!r}"
        return groups_of(stated, self.inputs, self._group_size, self.scales.shape[0], what)

    def _zeros(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Zero points of some outputs, one for each group."""
        stored = unpack(arrays[2], self.width, self.scales.shape[1])[:, low:high]
        zeros = (stored + np.uint32(self.zero_offset)) & np.uint32(2**self.width - 1)
        return zeros.T.astype(np.float32)


def _read(stored: Stored) -> Encoded | None:
    codes, zeros, scales = stored[".qweight"], stored[".qzeros"], stored[".scales"]
    shapes = (codes.shape, zeros.shape, scales.shape)
    if any(len(shape) != 2 or 0 in shape for shape in shapes) or {codes.dtype, zeros.dtype} != {"I32"}:
        return None
    outputs, groups = codes.shape[1], stored.get(".g_idx")
    width = next((bits for bits in (2, 3, 4, 8) if words_for(outputs, bits) == zeros.shape[1]), None)
    if width is None or scales.shape != (zeros.shape[0], outputs):
        return None
    inputs = codes.shape[0] * 32 // width
    if groups is not None and (groups.shape != (inputs,) or groups.dtype not in ("I32", "I64")):
        return None
    is_second = _SECOND_VERSION in (stored.settings.get(key) for key in _FORMAT_KEYS)
    encoding = _Gptq(codes, zeros, scales, groups, width, inputs, 0 if is_second else 1)
    return Encoded((outputs, inputs), f"INT{width}", encoding)


SCHEME = Scheme(".qweight", ".weight", (".qzeros", ".scales"), _read, may_have=(".g_idx",))
