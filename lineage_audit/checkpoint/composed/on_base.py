"""Encodings over a base tensor: the base's values and something done to them, rounded to the base's own type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.composed.rows import columns, row_count, sections_of, values_of
from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section
from lineage_audit.checkpoint.tensors import IntArray, StoredTensor


class Taken:
    """Arrays handed out in the order in which their sections were asked for."""

    def __init__(self, arrays: Sequence[RawArray]) -> None:
        self._arrays = iter(arrays)

    def next(self) -> FloatArray:
        """The next array, as float32."""
        return np.asarray(next(self._arrays), dtype=np.float32)

    def values(self, stored: StoredTensor, low: int, high: int) -> FloatArray:
        """The values of rows of a tensor, from as many arrays as it asked for."""
        count = len(sections_of(stored, low, high))
        return values_of(stored, low, high, [next(self._arrays) for _ in range(count)])


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
        values = values.astype(np.float32, copy=False)
        return round_to(values, self.base.dtype) if self.scheme is None else values


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
        taken = Taken(arrays)
        base = taken.values(self.base, low_base, high_base)
        with np.errstate(all="ignore"):
            values = np.float32(self.factor) * taken.values(self.added, low, high)
            values[: len(base)] += base
        return self.rounded(values)

    def _in_base(self, low: int, high: int) -> tuple[int, int]:
        rows = row_count(self.base)
        return min(low, rows), min(high, rows)


@dataclass(frozen=True, eq=False)
class RowsScaled(OnBase):
    """A base tensor whose rows are multiplied, each by its own factor.

    Attributes:
        factors: as many numbers as rows, of any shape.
    """

    factors: StoredTensor

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, and the factors."""
        return (*sections_of(self.base, low, high), *sections_of(_as_vector(self.factors), low, high))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Multiply."""
        taken = Taken(arrays)
        base = taken.values(self.base, low, high)
        with np.errstate(all="ignore"):
            return self.rounded(base * taken.values(_as_vector(self.factors), low, high))


@dataclass(frozen=True, eq=False)
class ColumnsScaled(OnBase):
    """A base matrix whose columns are multiplied, each by its own factor.

    Attributes:
        factors: as many numbers as columns, of any shape.
    """

    factors: StoredTensor

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, and all factors."""
        vector = _as_vector(self.factors)
        return (*sections_of(self.base, low, high), *sections_of(vector, 0, row_count(vector)))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Multiply."""
        taken, vector = Taken(arrays), _as_vector(self.factors)
        base = taken.values(self.base, low, high)
        with np.errstate(all="ignore"):
            return self.rounded(base * taken.values(vector, 0, row_count(vector)).T)


@dataclass(frozen=True, eq=False)
class RowsReplaced(OnBase):
    """A base matrix some of whose rows are another's.

    Attributes:
        added: the rows, of the base's columns.
        places: rows of the base that they replace, ascending.
        order: for each of these its row in ``added``.
    """

    added: StoredTensor
    places: IntArray
    order: IntArray

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The base's rows, and those of the others that stand among them."""
        return (*sections_of(self.base, low, high), *sections_of(self.added, *self._span(self._chosen(low, high))))

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Replace."""
        chosen = self._chosen(low, high)
        first, last = self._span(chosen)
        taken = Taken(arrays)
        values, added = np.array(taken.values(self.base, low, high)), taken.values(self.added, first, last)
        values[self.places[chosen] - low] = self.rounded(added[self.order[chosen] - first])
        return values

    def _chosen(self, low: int, high: int) -> slice:
        """Which of the places lie between two rows of the base."""
        first, last = np.searchsorted(self.places, (low, high))
        return slice(int(first), int(last))

    def _span(self, chosen: slice) -> tuple[int, int]:
        wanted = self.order[chosen]
        return (int(wanted.min()), int(wanted.max()) + 1) if len(wanted) else (0, 0)


def _as_vector(stored: StoredTensor) -> StoredTensor:
    """The same numbers as a vector: rows of one."""
    return replace(stored, shape=(stored.size,))


def fits(base: StoredTensor, shape: tuple[int, int], *, is_transposed: bool) -> bool:
    """Tell whether an update of shape ``[out, in]`` fits a stored matrix, as it stands or transposed."""
    return len(base.shape) == 2 and (row_count(base), columns(base)) == (shape[::-1] if is_transposed else shape)
