"""A matrix with a low-rank update on it: ``W + s B A``, with DoRA ``m (W + s B A) / |W + s B A|`` for each output.

Values are rounded to the base's own type at the end, as merging an adapter into the base does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lineage_audit.checkpoint.composed.rows import columns, read_block, row_count, sections_of, values_of
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, columns_of
from lineage_audit.checkpoint.rounding import round_to
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor

_BLOCK_ELEMENTS = 4 * 2**20
"""Elements read at once where a whole matrix has to be."""


@dataclass(frozen=True, eq=False)
class OnBase:
    """What every encoding over a base tensor is: of the base's scheme, bits and rounding."""

    base: StoredTensor

    @property
    def scheme(self) -> str | None:
        """The base's scheme: what was added to a quantised base does not make it less so."""
        return self.base.quantization

    @property
    def bits(self) -> float:
        """Bits of one element of the base."""
        return self.base.element_bits

    @property
    def rounding(self) -> float:
        """The base's rounding."""
        return self.base.encoding.rounding if self.base.encoding is not None else 0.0

    def rounded(self, values: FloatArray) -> FloatArray:
        """Values as the base's type would hold them; floats where that is no type of plain numbers."""
        return round_to(values, self.base.dtype) if self.scheme is None else values


@dataclass(frozen=True, eq=False)
class LowRank(OnBase):
    """A base matrix stored ``[out, in]``, and the update of some or all of its rows.

    Attributes:
        a: ``[rank, in]``.
        b: ``[out, rank]``.
        scaling: of the product.
        magnitude: DoRA's lengths of rows, ``[out]``, or None.
        rows: for each row of the stored matrix the row of ``b``, or -1; None where they are the same.
    """

    a: StoredTensor
    b: StoredTensor
    scaling: float
    magnitude: StoredTensor | None = None
    rows: IntArray | None = None

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, all of ``a``, the rows of ``b``, and their lengths."""
        first, last = self._span(low, high)
        parts = [sections_of(self.base, low, high), sections_of(self.a, 0, row_count(self.a))]
        parts.append(sections_of(self.b, first, last))
        if self.magnitude is not None:
            parts.append(sections_of(self.magnitude, first, last))
        return tuple(section for part in parts for section in part)

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Add the product; with DoRA give each row its length."""
        first, last = self._span(low, high)
        taken = _Taken(arrays)
        base = taken.values(self.base, low, high)
        a = taken.values(self.a, 0, row_count(self.a))
        b = taken.values(self.b, first, last)
        lengths = taken.values(self.magnitude, first, last) if self.magnitude is not None else None
        if self.rows is None:
            return self._updated(base, a, b, lengths)
        touched = np.flatnonzero(self.rows[low:high] >= 0)
        chosen = self.rows[low:high][touched] - first
        values = np.array(base)
        values[touched] = self._updated(base[touched], a, b[chosen], None if lengths is None else lengths[chosen])
        return values

    def _updated(self, base: FloatArray, a: FloatArray, b: FloatArray, lengths: FloatArray | None) -> FloatArray:
        """Rows of the base with their share of the update; ``lengths`` are DoRA's, ``[rows, 1]``."""
        with np.errstate(all="ignore"):
            values = base + np.float32(self.scaling) * (b @ a)
            if lengths is not None:
                values = values * (lengths / np.linalg.norm(values, axis=1, keepdims=True))
        return self.rounded(values.astype(np.float32, copy=False))

    def _span(self, low: int, high: int) -> tuple[int, int]:
        """Rows of ``b`` that rows ``low`` to ``high`` need."""
        if self.rows is None:
            return low, high
        wanted = self.rows[low:high]
        wanted = wanted[wanted >= 0]
        return (int(wanted.min()), int(wanted.max()) + 1) if len(wanted) else (0, 0)


@dataclass(frozen=True, eq=False)
class TurnedLowRank(OnBase):
    """A base matrix stored ``[in, out]`` (Conv1D, embeddings) and its update.

    Attributes:
        a: ``[rank, in]``.
        b: ``[out, rank]``.
        scaling: of the product.
        factors: DoRA's factor of each column, ``[out]`` (taken once, since it needs every row), or None.
    """

    a: StoredTensor
    b: StoredTensor
    scaling: float
    factors: FloatArray | None = None

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, the columns of ``a`` that belong to them, and all of ``b``."""
        return (
            *sections_of(self.base, low, high),
            columns_of(self.a, low, high),
            *sections_of(self.b, 0, row_count(self.b)),
        )

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Add the transposed product; with DoRA multiply the columns."""
        values = self.before_factors(low, high, arrays)
        with np.errstate(all="ignore"):
            return self.rounded((values if self.factors is None else values * self.factors).astype(np.float32))

    def before_factors(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """``W + s B A`` as float32, neither multiplied nor rounded."""
        taken = _Taken(arrays)
        base = taken.values(self.base, low, high)
        a = np.asarray(taken.next(), dtype=np.float32)
        b = taken.values(self.b, 0, row_count(self.b))
        with np.errstate(all="ignore"):
            values: FloatArray = base + np.float32(self.scaling) * (a.T @ b.T)
        return values


def with_magnitude(source: Source, update: TurnedLowRank, lengths: FloatArray) -> TurnedLowRank:
    """DoRA on a matrix stored ``[in, out]``: the length of a column needs every row, so it is taken here, once.

    Args:
        source: where the base and the adapter are.
        update: without factors.
        lengths: DoRA's magnitudes, ``[out]``.
    """
    squares = np.zeros(columns(update.base))
    rows, step = row_count(update.base), max(1, _BLOCK_ELEMENTS // max(1, columns(update.base)))
    for low in range(0, rows, step):
        high = min(rows, low + step)
        block = update.before_factors(low, high, read_block(source, update, low, high))
        squares += np.square(block, dtype=np.float64).sum(axis=0)
    with np.errstate(all="ignore"):
        return replace(update, factors=(lengths / np.sqrt(squares)).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Sum(OnBase):
    """A base tensor plus another one times a factor; rows that the base lacks are the other's alone.

    Attributes:
        added: of the same columns, and as many rows or more.
        factor: of the other tensor.
    """

    added: StoredTensor
    factor: float = 1.0

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The same rows of both."""
        low_base, high_base = self._in_base(low, high)
        return (*sections_of(self.base, low_base, high_base), *sections_of(self.added, low, high))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Add them."""
        low_base, high_base = self._in_base(low, high)
        taken = _Taken(arrays)
        base = taken.values(self.base, low_base, high_base)
        with np.errstate(all="ignore"):
            values = np.float32(self.factor) * taken.values(self.added, low, high)
            values[: len(base)] += base
        return self.rounded(values.astype(np.float32))

    def _in_base(self, low: int, high: int) -> tuple[int, int]:
        rows = row_count(self.base)
        return min(low, rows), min(high, rows)


class _Taken:
    """Arrays handed out in the order in which their sections were asked for."""

    def __init__(self, arrays: Sequence[RawArray]) -> None:
        self._arrays = iter(arrays)

    def next(self) -> RawArray:
        """The next array."""
        return next(self._arrays)

    def values(self, stored: StoredTensor, low: int, high: int) -> FloatArray:
        """The values of rows of a tensor, from as many arrays as it asked for."""
        count = len(sections_of(stored, low, high))
        return values_of(stored, low, high, [next(self._arrays) for _ in range(count)])


def fits(base: StoredTensor, shape: tuple[int, int], *, is_turned: bool) -> bool:
    """Tell whether an update of shape ``[out, in]`` fits a stored matrix, as it stands or turned."""
    return len(base.shape) == 2 and (row_count(base), columns(base)) == (shape[::-1] if is_turned else shape)
