"""MLX's affine quantisation: packed codes with a scale and a bias a group.

Layout: ``weight`` uint32 ``[..., out, words]``, ``scales`` and ``biases`` ``[..., out, groups]``. Bits and group
size stand in the configuration, for single modules under their name; where it says none, groups of 64 are assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.quantization.grid import Grid, GridRule, OnGrid, groups_of_size, rounded_to, whole_numbers
from lineage_audit.checkpoint.quantization.packed_words import unpack
from lineage_audit.checkpoint.quantization.rules import Constants, in_each_arithmetic
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_WIDTHS = (2, 3, 4, 5, 6, 8)
_USUAL_GROUP = 64


@dataclass(frozen=True, slots=True)
class _Mlx(OnGrid):
    """A stack of matrices one under the other: codes of ``width`` bits, ``groups`` groups of ``group`` in a row."""

    codes: StoredTensor
    scales: StoredTensor
    biases: StoredTensor
    width: int
    group: int
    groups: int

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("MLX", self.width, self.group, self.group * self.groups)

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of scale and bias."""
        return self.width + 32 / self.group

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(self.width)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """Rows of all three."""
        return (
            rows_of(self.codes, self.codes.shape[-1], low, high),
            rows_of(self.scales, self.groups, low, high),
            rows_of(self.biases, self.groups, low, high),
        )

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``code * scale + bias``, group by group."""
        codes = unpack(arrays[0], self.width, self.group * self.groups).astype(np.float32)
        with np.errstate(all="ignore"):
            by_group = codes.reshape(high - low, self.groups, self.group)
            floats: FloatArray = by_group * arrays[1][:, :, None] + arrays[2][:, :, None]
        return floats.reshape(high - low, -1)

    @property
    def rules(self) -> tuple[GridRule, ...]:
        """The range of a group, such that its larger end and zero are both on the grid."""
        return tuple(in_each_arithmetic({"range of a group, its larger end kept": self._constants}, self.scales.dtype))

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        codes = unpack(arrays[0], self.width, self.group * self.groups).astype(np.int16)
        rows, columns = np.arange(high - low), groups_of_size(self.group * self.groups, self.group)
        levels, as_stored = whole_numbers(0, 2**self.width - 1), rounded_to(self.scales.dtype)
        return Grid(codes, levels, arrays[1], rows, columns, offsets=arrays[2], as_stored=as_stored)

    def _constants(self, least: FloatArray, largest: FloatArray) -> Constants:
        below = np.abs(least) > np.abs(largest)
        steps = np.maximum((largest - least) / np.float32(2**self.width - 1), np.float32(1e-7))
        steps, ends = np.where(below, steps, -steps), np.where(below, least, largest)
        whole = np.rint(ends / steps)
        scales = np.where(whole != 0, ends / whole, steps)
        biases = np.where(whole != 0, ends, np.float32(0))
        return scales, None, biases


def _read(stored: Stored) -> Encoded | None:
    codes, scales, biases = stored[".weight"], stored[".scales"], stored[".biases"]
    if codes.dtype != "U32" or len(codes.shape) < 2 or 0 in codes.shape or 0 in scales.shape:
        return None
    if scales.shape != biases.shape or scales.shape[:-1] != codes.shape[:-1]:
        return None
    group, width = _group_and_width(stored, codes.shape[-1] * 32, scales.shape[-1])
    if width is None:
        return None
    encoding = _Mlx(codes, scales, biases, width, group, scales.shape[-1])
    return Encoded((*codes.shape[:-1], group * scales.shape[-1]), f"INT{width}", encoding)


def _group_and_width(stored: Stored, row_bits: int, groups: int) -> tuple[int, int | None]:
    """Group size and bits; one of the two follows from the other and the shapes."""
    own = stored.settings.get(stored.stem)
    settings = own if isinstance(own, Mapping) else stored.settings
    group, width = settings.get("group_size"), settings.get("bits")
    if type(group) is not int or group < 1:
        group = row_bits // (groups * width) if type(width) is int and width > 0 else _USUAL_GROUP
    inferred, remainder = divmod(row_bits, max(1, groups * group))
    return group, inferred if not remainder and inferred in _WIDTHS else None


SCHEME = Scheme(".weight", ".weight", (".scales", ".biases"), _read)
