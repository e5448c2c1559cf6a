"""What a kernel gives of two blocks of corresponding rows."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from msgspec.structs import replace

FloatArray = npt.NDArray[np.float32]
DoubleArray = npt.NDArray[np.float64]


class Rounding(Struct, frozen=True):
    """Which side is rounded to the other's stored type before equal elements are counted once more; at most one."""

    a: str | None = None
    b: str | None = None


class BlockSums(Struct, frozen=True, eq=False):
    """Sums over two blocks ``[n, width]``; elements that are no numbers count as zero on both sides.

    Attributes:
        rows: dot products, squared norms of A and of B by row, ``[3, n]``.
        columns: the same by column, ``[3, width]``.
        delta_squared: squared size of B - A.
        equal: equal elements.
        comparable: elements of A that are neither zero nor in a constant row.
        copied: comparable elements that are equal.
        rounded: equal elements after rounding one side.
        not_finite: elements left out.
        not_finite_apart: those of them that differ between the sides.
        varying: rows that are constant on neither side, ``[n]``.
    """

    rows: DoubleArray
    columns: DoubleArray
    delta_squared: float
    equal: int
    comparable: int
    copied: int
    rounded: int
    not_finite: int
    not_finite_apart: int
    varying: npt.NDArray[np.bool_]

    def of_trained(self, trained: BlockSums) -> BlockSums:
        """The same block, where directions, sizes and copies are those of what is left without set constants."""
        return replace(
            self,
            rows=trained.rows,
            columns=trained.columns,
            delta_squared=trained.delta_squared,
            comparable=trained.comparable,
            copied=trained.copied,
        )

    def of_form(self, free: BlockSums) -> BlockSums:
        """The same block, where directions and sizes are those of what is left without a change of form."""
        return replace(self, rows=free.rows, columns=free.columns, delta_squared=free.delta_squared)


class Kernel(Protocol):
    """One way to take the sums.

    Attributes:
        chunk_elements: elements of each side to hand over at once.
        workers: how many calls may run at a time.
    """

    @property
    def chunk_elements(self) -> int: ...  # noqa: D102
    @property
    def workers(self) -> int: ...  # noqa: D102

    def sums(self, a: FloatArray, b: FloatArray, rounding: Rounding) -> BlockSums:
        """Take all sums over two blocks ``[n, width]``, float32 and in row-major order."""
        ...

    def product_sizes(self, b: FloatArray, a: FloatArray) -> FloatArray:
        """Absolute inner products of all rows of B with all rows of A, ``[rows of B, rows of A]``."""
        ...
