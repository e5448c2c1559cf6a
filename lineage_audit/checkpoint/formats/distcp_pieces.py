"""A tensor that was saved in pieces by many machines: rows and columns are put together as they are read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.dtypes import BITS
from lineage_audit.checkpoint.encoding import FloatArray, RawArray, Section, rows_of
from lineage_audit.checkpoint.formats.torch_objects import View
from lineage_audit.checkpoint.tensors import StoredTensor
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError


class Piece(Struct, frozen=True):
    """One piece.

    Attributes:
        offset: its first element in the tensor.
        stored: its numbers, in the file where they stand.
    """

    offset: tuple[int, ...]
    stored: StoredTensor


class _Block(Struct, frozen=True):
    """A piece as a block of the matrix ``[rows, columns]`` that the tensor is."""

    row: int
    column: int
    rows: int
    columns: int
    stored: StoredTensor


class _Pieces(Struct, frozen=True):
    """Rows from several pieces.

    Attributes:
        blocks: the pieces.
        columns: elements of a row.
        bits: bits of one element.
        scheme: None: nothing was rounded.
        rounding: none.
    """

    blocks: tuple[_Block, ...]
    columns: int
    bits: float
    scheme: None = None
    rounding: float = 0.0

    def sections(self, low: int, high: int) -> tuple[Section, ...]:
        """The rows that each piece has of those that are wanted."""
        return tuple(
            rows_of(block.stored, block.columns, max(low, block.row) - block.row, min(high, _end(block)) - block.row)
            for block in self._within(low, high)
        )

    def decode(self, low: int, high: int, arrays: Sequence[RawArray]) -> FloatArray:
        """Put them side by side and one under the other."""
        values = np.empty((high - low, self.columns), np.float32)
        for block, array in zip(self._within(low, high), arrays, strict=True):
            rows = slice(max(low, block.row) - low, min(high, _end(block)) - low)
            values[rows, block.column : block.column + block.columns] = array
        return values

    def _within(self, low: int, high: int) -> list[_Block]:
        return [block for block in self.blocks if block.row < high and _end(block) > low]


def joined_pieces(name: str, view: View, pieces: Sequence[Piece]) -> StoredTensor:
    """The whole tensor.

    Raises:
        UnreadableFileError: the pieces do not make it up.
        UnsupportedFormatError: they are cut along more than rows and columns.
    """
    if any(piece.stored.dtype != view.dtype or piece.stored.strides is not None for piece in pieces):
        raise UnsupportedFormatError(f"{name[:80]!r} has pieces of another type; join them with dcp_to_torch_save")
    if len(pieces) == 1 and pieces[0].stored.shape == view.shape:
        return replace(pieces[0].stored, name=name)
    blocks = tuple(_block(name, view.shape, piece) for piece in sorted(pieces, key=lambda piece: piece.offset))
    columns = view.shape[-1] if len(view.shape) > 1 else 1
    if not _make_up(blocks, math.prod(view.shape[:-1]) if len(view.shape) > 1 else math.prod(view.shape), columns):
        raise UnreadableFileError(f"{name[:80]!r} is not whole: its pieces leave gaps or overlap; save it again")
    size = sum(block.stored.stop - block.stored.start for block in blocks)
    first = blocks[0].stored
    whole = StoredTensor(name, view.dtype, view.shape, first.file, first.start, first.stop)
    return replace(
        whole,
        encoding=_Pieces(blocks, columns, BITS[view.dtype]),
        companions=size - (first.stop - first.start),
    )


def pieces_by_layer(shape: tuple[int, ...], pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], ...] | None:
    """The pieces of every layer of a tensor that stacks those of all layers; None where a piece holds several."""
    layers: list[list[Piece]] = [[] for _ in range(shape[0])]
    for piece in pieces:
        number, size = piece.offset[0], piece.stored.shape
        if size[:1] != (1,) or len(piece.offset) != len(size) or not number < len(layers):
            return None
        layers[number].append(Piece(piece.offset[1:], replace(piece.stored, shape=size[1:])))
    return tuple(tuple(of_one) for of_one in layers)


def _block(name: str, shape: tuple[int, ...], piece: Piece) -> _Block:
    """A piece of a vector or matrix, or of a stack of which it has neighbouring rows."""
    offset, size = piece.offset, piece.stored.shape
    fits = len(offset) == len(size) == len(shape) > 0
    if not fits or any(start + length > whole for start, length, whole in zip(offset, size, shape, strict=True)):
        raise UnreadableFileError(f"{name[:80]!r}: a piece lies outside of it; save the checkpoint again")
    if len(shape) == 1:
        return _Block(offset[0], 0, size[0], 1, piece.stored)
    if not _are_neighbours(size[:-1], shape[:-1]):
        raise UnsupportedFormatError(f"{name[:80]!r} is cut inside a stack; join it with dcp_to_torch_save")
    row = sum(start * math.prod(shape[axis + 1 : -1]) for axis, start in enumerate(offset[:-1]))
    return _Block(row, offset[-1], math.prod(size[:-1]), size[-1], piece.stored)


def _are_neighbours(size: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether rows of a stack follow each other: one at each axis before one that is cut, all at each behind it."""
    cut = next((axis for axis, length in enumerate(size) if length > 1), len(size))
    return size[cut + 1 :] == whole[cut + 1 :]


def _make_up(blocks: Sequence[_Block], rows: int, columns: int) -> bool:
    """Whether blocks cover a matrix once: bands of rows, each filled from left to right."""
    row = column = height = 0
    for block in blocks:
        if column == 0:
            height = block.rows
        if (block.row, block.column, block.rows) != (row, column, height):
            return False
        column += block.columns
        if column == columns:
            row, column = row + height, 0
    return row == rows and column == 0


def _end(block: _Block) -> int:
    return block.row + block.rows
