"""compressed-tensors' ``pack-quantized``: integers of up to 8 bits packed along the inputs (w4a16 and the like).

Layout: ``weight_packed`` int32 ``[out, ceil(in * bits / 32)]``, ``weight_scale`` ``[out, groups]``, ``weight_shape``
``[2]``, and where it is asymmetric ``weight_zero_point`` int32 ``[ceil(out * bits / 32), groups]``, packed down the
outputs; ``weight_g_idx`` ``[in]`` with activation order. Codes and zero points are stored plus 2^(bits - 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of, whole
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, GroupArray, OnGrid, rounded_to, whole_numbers
from lineage_audit.checkpoint.quantization.packed_words import bits_of, groups_of, unpack, words_for
from lineage_audit.checkpoint.quantization.rules import asymmetric_integers, symmetric_integers
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor


@dataclass(frozen=True, slots=True)
class _PackQuantized(OnGrid):
    """One matrix ``[outputs, inputs]`` of codes of ``width`` bits; zeros and groups may be missing."""

    codes: StoredTensor
    scales: StoredTensor
    zeros: StoredTensor | None
    groups: StoredTensor | None
    outputs: int
    inputs: int
    width: int

    @property
    def _group_size(self) -> int:
        return self.inputs // self.scales.shape[1]

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("compressed-tensors", self.width, self._group_size, self.inputs)

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of the scale."""
        return self.width + 16 / self._group_size

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(self.width)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Rows of codes and scales; zero points and groups whole, which are small."""
        found = [
            rows_of(self.codes, self.codes.shape[1], low, high),
            rows_of(self.scales, self.scales.shape[1], low, high),
        ]
        if self.zeros is not None:
            found.append(rows_of(self.zeros, self.zeros.shape[1], 0, self.zeros.shape[0]))
        if self.groups is not None:
            found.append(whole(self.groups))
        return tuple(found)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``scale * (code - zero)``; without zero points the stored offset stands for them."""
        codes, zeros = unpack(arrays[0], self.width, self.inputs).astype(np.float32), np.float32(2 ** (self.width - 1))
        groups = self._groups(arrays)
        with np.errstate(all="ignore"):
            if self.zeros is not None:
                return (codes - self._zeros(low, high, arrays)[:, groups]) * arrays[1][:, groups]
            floats: FloatArray = (codes - zeros) * arrays[1][:, groups]
        return floats

    @property
    def scales_inputs(self) -> bool:
        """AWQ may be stored so too."""
        return True

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """By the largest size of a group, or by its range where there are zero points."""
        dtype = self.scales.dtype
        if self.zeros is None:
            return symmetric_integers(self.width, dtype)
        return asymmetric_integers(self.width, dtype, -(2 ** (self.width - 1)))

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        codes, half = unpack(arrays[0], self.width, self.inputs).astype(np.int16), 2 ** (self.width - 1)
        zeros = self._zeros(low, high, arrays) - np.float32(half) if self.zeros is not None else None
        rows, levels, as_stored = np.arange(high - low), whole_numbers(-half, half - 1), rounded_to(self.scales.dtype)
        return Grid(codes, levels, arrays[1], rows, self._groups(arrays), zeros, as_stored=as_stored)

    def _groups(self, arrays: Sequence[RawArray]) -> GroupArray:
        """The group of each input."""
        stated = arrays[-1] if self.groups is not None else None
        what = f"{self.codes.file}: {self.codes.name!r}"
        return groups_of(stated, self.inputs, self._group_size, self.scales.shape[1], what)

    def _zeros(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Zero points as stored, one for each group."""
        return unpack(arrays[2].T, self.width, self.outputs).T[low:high].astype(np.float32)


def _read(stored: Stored) -> Encoded | None:
    codes, scales, shape = stored[".weight_packed"], stored[".weight_scale"], stored[".weight_shape"]
    if len(codes.shape) != 2 or len(scales.shape) != 2 or codes.dtype != "I32" or shape.dtype not in ("I32", "I64"):
        return None
    if ".weight_shape" not in stored.notes:
        return None
    sides = np.frombuffer(stored.notes[".weight_shape"], "<i8" if shape.dtype == "I64" else "<i4").tolist()
    if len(sides) != 2 or sides[0] != codes.shape[0] or not 0 < sides[1] <= codes.shape[1] * 32:
        return None
    outputs, inputs = sides
    width = bits_of(inputs, codes.shape[1])
    zeros, groups = stored.get(".weight_zero_point"), stored.get(".weight_g_idx")
    if width is None or scales.shape[0] != outputs or not scales.shape[1] or inputs % scales.shape[1]:
        return None
    if zeros is not None and (zeros.dtype != "I32" or zeros.shape != (words_for(outputs, width), scales.shape[1])):
        return None
    if groups is not None and (groups.dtype not in ("I32", "I64") or groups.shape != (inputs,)):
        return None
    encoding = _PackQuantized(codes, scales, zeros, groups, outputs, inputs, width)
    return Encoded((outputs, inputs), f"INT{width}", encoding)


SCHEME = Scheme(
    ".weight_packed",
    ".weight",
    (".weight_scale", ".weight_shape"),
    _read,
    may_have=(".weight_zero_point", ".weight_g_idx", ".input_global_scale"),
    notes=(".weight_shape",),
)
