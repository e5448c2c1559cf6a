"""AWQ: 4-bit codes packed along the output dimension, eight to a word in an order of their own.

Layout (AutoAWQ, ``gemm``): ``qweight`` int32 ``[in, out / 8]``, ``qzeros`` int32 ``[groups, out / 8]``, ``scales``
``[groups, out]``. Nibble i of a word, from the lowest, holds column ``(0, 2, 4, 6, 1, 3, 5, 7)[i]`` of its eight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, columns_of
from lineage_audit.checkpoint.quantization.grid import Grid, OnGrid, groups_of_size, whole_numbers
from lineage_audit.checkpoint.quantization.packed_words import Codes, unpack
from lineage_audit.checkpoint.quantization.scheme import Encoded, Scheme, Stored, grouped, integer_rounding
from lineage_audit.checkpoint.tensors import StoredTensor

_WIDTH, _IN_A_WORD = 4, 8
_NIBBLE_OF_COLUMN = np.argsort([0, 2, 4, 6, 1, 3, 5, 7])


@dataclass(frozen=True, slots=True)
class _Awq(OnGrid):
    """One matrix: codes, zero points and scales as stored."""

    codes: StoredTensor
    zeros: StoredTensor
    scales: StoredTensor

    @property
    def _group_size(self) -> int:
        return self.codes.shape[0] // self.scales.shape[0]

    @property
    def scheme(self) -> str:
        """Name, bits and grouping."""
        return grouped("AWQ", _WIDTH, self._group_size, self.codes.shape[0])

    @property
    def bits(self) -> float:
        """Bits of a code, and its share of scale and zero point."""
        return _WIDTH + (16 + _WIDTH) / self._group_size

    @property
    def rounding(self) -> float:
        """That of integers."""
        return integer_rounding(_WIDTH)

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The columns that hold the rows asked for, by whole words."""
        first, last = low // _IN_A_WORD, -(-high // _IN_A_WORD)
        return (
            columns_of(self.codes, first, last),
            columns_of(self.zeros, first, last),
            columns_of(self.scales, low, high),
        )

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``scale * (code - zero)``, group after group down the inputs."""
        codes, zeros = (_window(words, low, high).astype(np.float32) for words in arrays[:2])
        with np.errstate(all="ignore"):
            centred = codes.reshape(len(zeros), self._group_size, -1) - zeros[:, None, :]
            floats: FloatArray = (centred * arrays[2][:, None, :]).reshape(len(codes), -1).T
        return floats

    @property
    def scales_inputs(self) -> bool:
        """What is rounded was scaled input by input, by calibration data."""
        return True

    def grid(self, low: int, high: int, arrays: Sequence[RawArray]) -> Grid:
        """The matrix as it is."""
        codes, zeros = (_window(words, low, high).T for words in arrays[:2])
        rows, columns = np.arange(high - low), groups_of_size(self.codes.shape[0], self._group_size)
        levels = whole_numbers(0, 2**_WIDTH - 1)
        return Grid(codes.astype(np.int16), levels, arrays[2].T, rows, columns, zeros.astype(np.float32))


def _window(words: RawArray, low: int, high: int) -> Codes:
    """The columns that were asked for, of those in the words that hold them."""
    skipped = low % _IN_A_WORD
    return _in_order(words)[:, skipped : skipped + high - low]


def _in_order(words: RawArray) -> Codes:
    """Unpack ``[rows, words]`` to ``[rows, columns]``."""
    nibbles = unpack(words, _WIDTH, words.shape[1] * _IN_A_WORD)
    return nibbles.reshape(*words.shape, _IN_A_WORD)[:, :, _NIBBLE_OF_COLUMN].reshape(len(words), -1)


def _read(stored: Stored) -> Encoded | None:
    codes, zeros, scales = stored[".qweight"], stored[".qzeros"], stored[".scales"]
    shapes = (codes.shape, zeros.shape, scales.shape)
    if any(len(shape) != 2 or 0 in shape for shape in shapes) or {codes.dtype, zeros.dtype} != {"I32"}:
        return None
    inputs, words = codes.shape
    groups, outputs = scales.shape
    if outputs != words * _IN_A_WORD or zeros.shape != (groups, words) or inputs % groups:
        return None
    return Encoded((outputs, inputs), "INT4", _Awq(codes, zeros, scales))


SCHEME = Scheme(".qweight", ".weight", (".qzeros", ".scales"), _read)
