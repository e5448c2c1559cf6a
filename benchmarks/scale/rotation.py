"""A residual stream in another basis, dense in every entry, of which any row costs little.

To rotate what writes to the stream by a dense matrix takes all its rows for each one. Here both models of a pair are
rotated forms of a third that nobody sees: the one by blocks of neighbouring channels, the other by blocks that take one
channel of each of those. Either has its rows from some dozens of the third's, and the rotation that leads from the one
to the other has no entry that is nought.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from benchmarks.scale.numbers import FloatArray, IntArray, generator, mixed
from benchmarks.scale.shapes import Shape
from benchmarks.scale.slots import AXES, GAINS, NORM_BEFORE, STREAM_WRITERS, Axis, Slot
from benchmarks.scale.trained import Trained, Weights

_BLOCK = 64


@dataclass(frozen=True)
class BlockTurn:
    """A rotation of blocks of channels.

    Attributes:
        width: how many channels there are.
        is_strided: whether a block takes channels far apart, rather than neighbours.
        fixed: channels whose block is left as it is.
    """

    width: int
    seed: int
    is_strided: bool
    fixed: tuple[int, ...] = ()

    def members(self, blocks: IntArray) -> IntArray:
        """The channels of blocks, shape (blocks, size)."""
        if self.is_strided:
            return blocks[:, None] + np.arange(self.size) * (self.width // self.size)
        return blocks[:, None] * self.size + np.arange(self.size)

    @property
    def size(self) -> int:
        """Channels in a block."""
        return self.width // _BLOCK if self.is_strided else _BLOCK

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return self.width // self.size

    def place(self, channels: IntArray) -> tuple[IntArray, IntArray]:
        """The block of each channel, and where in it the channel stands."""
        return (channels % self.blocks, channels // self.blocks) if self.is_strided else np.divmod(channels, self.size)

    @cached_property
    def matrices(self) -> FloatArray:
        """One rotation a block."""
        normal = generator(self.seed, 9).standard_normal((self.blocks, self.size, self.size))
        turns = np.linalg.qr(normal).Q.astype(np.float32)
        if self.fixed:
            turns[np.unique(self.place(np.array(self.fixed))[0])] = np.eye(self.size, dtype=np.float32)
        return turns

    def forward(self, rows: FloatArray) -> FloatArray:
        """Rows that read the stream, or stand in it, in the turned basis."""
        return self._turned(rows, self.matrices)

    def back(self, rows: FloatArray) -> FloatArray:
        """Such rows in the basis before the turn."""
        return self._turned(rows, self.matrices.transpose(0, 2, 1))

    def _turned(self, rows: FloatArray, matrices: FloatArray) -> FloatArray:
        order = self.members(np.arange(self.blocks))
        blocks = rows[:, order.ravel()].reshape(len(rows), *order.shape).transpose(1, 0, 2)
        turned = np.empty_like(rows)
        turned[:, order.ravel()] = (blocks @ matrices.transpose(0, 2, 1)).transpose(1, 0, 2).reshape(len(rows), -1)
        return turned

    def written(self, weights: Weights, slot: Slot, channels: IntArray) -> FloatArray:
        """Rows that write to the stream, in the turned basis."""
        blocks, places = self.place(channels)
        out: list[FloatArray] = [
            self.matrices[block, place] @ _block_rows(self, weights, slot, int(block))
            for block, place in zip(blocks, places, strict=True)
        ]
        return np.stack(out)


@lru_cache(maxsize=16)
def _block_rows(turn: BlockTurn, weights: Weights, slot: Slot, block: int) -> FloatArray:
    return weights.rows(slot, turn.members(np.array([block]))[0])


@dataclass(frozen=True)
class Written:
    """A model in the first of the two bases: what the rotated one is compared with."""

    hidden: Trained

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.hidden.shape

    @cached_property
    def turn(self) -> BlockTurn:
        """Its basis; massive channels keep theirs."""
        fixed = tuple(int(channel) for channel in self.hidden.massive)
        return BlockTurn(self.shape.hidden, mixed(self.hidden.seed, 10), is_strided=False, fixed=fixed)

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        if slot.role in STREAM_WRITERS:
            return self.turn.written(self.hidden, slot, indices)
        rows = self.hidden.rows(slot, indices)
        return self.turn.forward(rows) if AXES[slot.role][1] is Axis.CHANNEL else rows


@dataclass(frozen=True)
class Rotated:
    """A model in a dense rotation of another's basis, its norm gains folded into what reads through them."""

    base: Written

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.base.shape

    @cached_property
    def turn(self) -> BlockTurn:
        """Its basis, against that of the model that nobody sees."""
        return BlockTurn(self.shape.hidden, mixed(self.base.hidden.seed, 11), is_strided=True)

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        if slot.role in GAINS and AXES[slot.role][1] is Axis.GAIN:
            return np.ones((1, self.shape.hidden), np.float32)
        if slot.role in STREAM_WRITERS:
            return self.turn.written(self.base.hidden, slot, indices)
        rows = self.base.rows(slot, indices)
        if AXES[slot.role][1] is not Axis.CHANNEL:
            return rows
        if slot.role in NORM_BEFORE:
            norm = NORM_BEFORE[slot.role]
            rows = rows * self.base.rows(Slot(norm, slot.layer), np.zeros(1, np.int64))
        return self.turn.forward(self.base.turn.back(rows))
