"""A matrix with an update on it: ``W + s U``, with DoRA ``m (W + s U) / |W + s U|`` for each output.

Values are rounded to the base's own type at the end, as merging an adapter into the base does.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.composed.on_base import OnBase, Taken
from lineage_audit.checkpoint.composed.rows import columns, read_block, read_vector, row_count, sections_of
from lineage_audit.checkpoint.composed.updates import Update
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor

_BLOCK_ELEMENTS = 4 * 2**20
"""Elements read at once where a whole matrix has to be."""


@dataclass(frozen=True, eq=False)
class Updated(OnBase):
    """A base matrix and the update of some or all of its rows.

    Attributes:
        update: of the base's columns; transposed where the base stores its matrix ``[in, out]``.
        scaling: of the update.
        magnitude: DoRA's lengths of rows, ``[out]``, or None.
        rows: for each row of the stored matrix the row of the update, or -1; None where they are the same.
    """

    update: Update
    scaling: float
    magnitude: StoredTensor | None = None
    rows: IntArray | None = None

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, what the update needs, and the rows' lengths."""
        first, last = self._span(low, high)
        lengths = sections_of(self.magnitude, first, last) if self.magnitude is not None else ()
        return (*sections_of(self.base, low, high), *self.update.sections(first, last), *lengths)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Add the update; with DoRA give each row its length."""
        first, last = self._span(low, high)
        taken = Taken(arrays)
        base = taken.values(self.base, low, high)
        with np.errstate(all="ignore"):
            update = self.update.values(first, last, taken)
        lengths = taken.values(self.magnitude, first, last) if self.magnitude is not None else None
        if self.rows is None:
            return self._updated(base, update, lengths)
        touched = np.flatnonzero(self.rows[low:high] >= 0)
        chosen = self.rows[low:high][touched] - first
        values = np.array(base)
        values[touched] = self._updated(base[touched], update[chosen], None if lengths is None else lengths[chosen])
        return values

    def _updated(self, base: FloatArray, update: FloatArray, lengths: FloatArray | None) -> FloatArray:
        """Rows of the base with their share of the update; ``lengths`` are DoRA's, ``[rows, 1]``."""
        with np.errstate(all="ignore"):
            values = base + np.float32(self.scaling) * update
            if lengths is not None:
                values = values * (lengths / np.linalg.norm(values, axis=1, keepdims=True))
        return self.rounded(values)

    def _span(self, low: int, high: int) -> tuple[int, int]:
        """Rows of the update that rows ``low`` to ``high`` need."""
        if self.rows is None:
            return low, high
        wanted = self.rows[low:high]
        wanted = wanted[wanted >= 0]
        return (int(wanted.min()), int(wanted.max()) + 1) if len(wanted) else (0, 0)


@dataclass(frozen=True, eq=False)
class TransposedDora(OnBase):
    """DoRA on a base matrix stored ``[in, out]`` (Conv1D, embeddings): lengths are those of columns.

    The length of a column needs every row. So the whole matrix is read once, in blocks, when the first of its rows is
    decoded; a reading of all rows holds what is needed.

    Attributes:
        update: transposed, ``[in, out]``.
        scaling: of the update.
        magnitude: DoRA's lengths, ``[out]``.
        source: where base and adapter are.
    """

    update: Update
    scaling: float
    magnitude: StoredTensor
    source: Source
    _factors: list[FloatArray] = field(default_factory=list, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def bytes_beforehand(self) -> int:
        """Bytes that must be fetched before the first row is known; those on this machine do not count."""
        if self.source.is_local or self._factors:
            return 0
        return int(self.base.size * self.base.element_bits) // 8

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, and what the update needs."""
        return (*sections_of(self.base, low, high), *self.update.sections(low, high))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Add the update and give each column its length."""
        values = self._without_lengths(low, high, arrays)
        is_all = (low, high) == (0, row_count(self.base))
        factors = self._known_factors(values if is_all else None)
        with np.errstate(all="ignore"):
            return self.rounded(values * factors)

    def _without_lengths(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``W + s U`` as float32, neither multiplied nor rounded."""
        taken = Taken(arrays)
        base = taken.values(self.base, low, high)
        with np.errstate(all="ignore"):
            values: FloatArray = base + np.float32(self.scaling) * self.update.values(low, high, taken)
        return values

    def _known_factors(self, whole: FloatArray | None) -> FloatArray:
        """What each column is multiplied by, ``[out]``; ``whole`` are all rows, where they are at hand."""
        with self._turn:
            if not self._factors:
                lengths = read_vector(self.source, self.magnitude)
                with np.errstate(all="ignore"):
                    self._factors.append((lengths / np.sqrt(self._squares(whole))).astype(np.float32))
            return self._factors[0]

    def _squares(self, whole: FloatArray | None) -> npt.NDArray[np.float64]:
        """Squared lengths of the columns, summed block by block."""
        squares = np.zeros(columns(self.base))
        rows, step = row_count(self.base), max(1, _BLOCK_ELEMENTS // max(1, columns(self.base)))
        for low in range(0, rows, step):
            high = min(rows, low + step)
            if whole is not None:
                block = whole[low:high]
            else:
                block = self._without_lengths(low, high, read_block(self.source, self, low, high))
            with np.errstate(all="ignore"):
                squares += np.square(block, dtype=np.float64).sum(axis=0)
        return squares
