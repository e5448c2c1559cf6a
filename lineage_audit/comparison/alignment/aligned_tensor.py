"""A tensor of aligned A: function-preserving, in the order and basis of its counterpart in B."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.tensors import IntArray

FloatArray = npt.NDArray[np.float32]


class AlignedTensor(Struct, frozen=True, eq=False):
    """What is done to a block of A (and, for folding, of B) before the two are compared.

    Rows are gathered when they are read; everything else happens here, in the order of the attributes.

    Attributes:
        a_gain: A's columns are multiplied by this first (a norm gain folded in), ``[in_a]``.
        b_gain: the same for B, ``[in_b]``.
        columns: for each column of B the column of A.
        rotation: A's columns are multiplied by this matrix, ``[in_a, in_b]``; instead of ``columns``.
        column_factor: multiplies the columns then (signs, scales), ``[in_b]``.
        row_rotation: A's rows are mixed by the transpose of this matrix, ``[out_a, out_b]``: needs every row at once.
        row_factor: multiplies the rows then, ``[out_b]``.
    """

    a_gain: FloatArray | None = None
    b_gain: FloatArray | None = None
    columns: IntArray | None = None
    rotation: FloatArray | None = None
    column_factor: FloatArray | None = None
    row_rotation: FloatArray | None = None
    row_factor: FloatArray | None = None

    @property
    def leaves_out_units(self) -> bool:
        """Whether some rows or columns of B have no source in A, so that aligned A is zero there."""
        return any(factor is not None and not factor.all() for factor in (self.row_factor, self.column_factor))

    @property
    def needs_every_row(self) -> bool:
        """Whether the rows are mixed, so that no part of them can be compared alone."""
        return self.row_rotation is not None

    def shape_of(self, shape: tuple[int, ...], rows: int) -> tuple[int, ...] | None:
        """The shape that ``rows`` gathered rows of a tensor of A have in B's order; None where it does not fit them."""
        height = _carried(rows, self.row_rotation, None, self.row_factor)
        if len(shape) == 1 or height is None:
            return None if height is None else (height,)
        width = _carried(shape[1], self.rotation, self.columns, self.column_factor)
        gains = ((self.a_gain, shape[1]), (self.b_gain, width))
        fits = width is not None and all(gain is None or len(gain) == size for gain, size in gains)
        return (height, width) if fits and width is not None else None

    def of_a(self, block: FloatArray, positions: IntArray) -> FloatArray:
        """Carry rows of A ``[n, in_a]`` to B's order and basis; ``positions`` are their numbers in B."""
        return self.rows(self.columns_of(block), positions)

    def columns_of(self, block: FloatArray) -> FloatArray:
        """Carry the columns of rows of A ``[n, in_a]`` to B's, ``[n, in_b]``."""
        if self.a_gain is not None:
            block = block * self.a_gain
        if self.rotation is not None:
            block = block @ self.rotation
        elif self.columns is not None:
            block = np.take(block, self.columns, axis=1)
        if self.column_factor is not None:
            block = block * self.column_factor
        return block

    def rows(self, block: FloatArray, positions: IntArray) -> FloatArray:
        """Carry rows to B's: mix all of A's where they are rotated, and scale; gives the rows at ``positions``."""
        if self.row_rotation is not None:
            block = self.row_rotation[:, positions].T @ block
        if self.row_factor is not None:
            block = block * self.row_factor[positions, None]
        return block

    def of_b(self, block: FloatArray) -> FloatArray:
        """Fold B's norm gain into its rows, where A's is folded."""
        return block if self.b_gain is None else block * self.b_gain


def _carried(size: int, rotation: FloatArray | None, numbers: IntArray | None, factor: FloatArray | None) -> int | None:
    """How long an axis of A is in B's order; None where the axis is not the one that the map was made for."""
    if rotation is not None:
        if rotation.shape[0] != size:
            return None
        size = rotation.shape[1]
    elif numbers is not None:
        if int(numbers.max(initial=0)) >= size:
            return None
        size = len(numbers)
    return size if factor is None or len(factor) == size else None
