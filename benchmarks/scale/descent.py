"""What is done to models: trained on, noised, restacked, upcycled, grafted. Each computes the rows it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.scale.numbers import FloatArray, IntArray, generator, mixed, normal_rows
from benchmarks.scale.shapes import Shape
from benchmarks.scale.slots import BIASES, GAINS, Role, Slot
from benchmarks.scale.trained import WEIGHT_SIZE, Weights

_GAIN_SIZE = 0.05
"""How far gains move, against how far matrices do."""

_UNEVENNESS = 0.4
"""Standard deviation of the logarithm of how far rows, and columns, move in training."""

_DIRECTIONS = (4.0, 2.5, 1.7)
"""Singular values of what training adds, over the largest one of a random matrix."""


@dataclass(frozen=True)
class Moved:
    """A model whose every number moved by an amount of its own, as added noise moves it.

    Attributes:
        size: standard deviation of the movement against that of the weights.
    """

    base: Weights
    seed: int
    size: float

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.base.shape

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        values = self.base.rows(slot, indices)
        scale = _GAIN_SIZE if slot.role in GAINS else 0.5 if slot.role in BIASES else WEIGHT_SIZE
        return values + self._movement(slot, indices) * np.float32(scale * self.size)

    def _movement(self, slot: Slot, indices: IntArray) -> FloatArray:
        """How some rows move, of variance 1: normal numbers."""
        return normal_rows((mixed(self.seed, 8), slot.number), indices, self.shape.dimensions(slot)[1])


@dataclass(frozen=True)
class Tuned(Moved):
    """A model that was trained on: some rows and channels move more than others, and a few directions most of all."""

    def _movement(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Normal numbers, unequal by row and by column, and a few outer products."""
        count, width = self.shape.dimensions(slot)
        own = super()._movement(slot, indices)
        by_row = self._directions(slot, 9, count)[:, indices]
        by_column = self._directions(slot, 10, width)
        uneven = np.exp(_UNEVENNESS * (by_row[0][:, None] + by_column[0]))
        along = (np.sqrt(count) + np.sqrt(width)) / np.sqrt(count * width)
        lengths = along * np.array(_DIRECTIONS)
        moved = own * uneven * np.exp(-2 * _UNEVENNESS**2) + (by_row[1:].T * lengths) @ by_column[1:]
        return (moved / np.sqrt(1 + np.square(lengths).sum())).astype(np.float32)

    def _directions(self, slot: Slot, kind: int, length: int) -> FloatArray:
        """The numbers of the unevenness, and of every direction, over the rows or the columns of a matrix."""
        return normal_rows((mixed(self.seed, kind), slot.number), np.arange(1 + len(_DIRECTIONS)), length)


@dataclass(frozen=True)
class Restacked:
    """A model made of another's layers: some left out, or some stacked twice.

    Attributes:
        layers: the source of every layer.
    """

    base: Weights
    layers: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return replace(self.base.shape, layers=len(self.layers))

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        source = slot if slot.layer < 0 else replace(slot, layer=self.layers[slot.layer])
        return self.base.rows(source, indices)


@dataclass(frozen=True)
class Upcycled:
    """A dense model whose every FFN became several experts behind a new router.

    Attributes:
        fresh: where the router's rows come from.
    """

    base: Weights
    shape: Shape
    fresh: Weights

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        if slot.role in (Role.ROUTER, Role.ROUTER_BIAS):
            return self.fresh.rows(slot, indices)
        return self.base.rows(replace(slot, expert=-1), indices)


@dataclass(frozen=True)
class Grafted:
    """A model that has some tensors from a donor and the others of its own.

    Attributes:
        roles: the roles that come from the donor.
        layers: in these layers alone; None for all, and for what is in no layer.
    """

    own: Weights
    donor: Weights
    roles: frozenset[Role]
    layers: frozenset[int] | None = None

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.own.shape

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        is_taken = slot.role in self.roles and (self.layers is None or slot.layer in self.layers)
        return (self.donor if is_taken else self.own).rows(slot, indices)


@dataclass(frozen=True)
class HeadsGrafted:
    """A model that has the first half of every layer's KV groups, with their queries, from a donor."""

    own: Weights
    donor: Weights

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.own.shape

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        own, donor = self.own.rows(slot, indices), self.donor.rows(slot, indices)
        rows, columns = self.shape.dimensions(slot)
        if slot.role is Role.O:
            return np.where(np.arange(columns) < columns // 2, donor, own)
        if slot.role in (Role.Q, Role.K, Role.V):
            return np.where((indices < rows // 2)[:, None], donor, own)
        return donor if slot.role in (Role.EMBED, Role.ATTENTION_NORM) else own


@dataclass(frozen=True)
class PairsTurned:
    """A model whose rotary pairs are turned, each by an angle of its KV group, in queries and keys alike."""

    base: Weights
    seed: int

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.base.shape

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        values = self.base.rows(slot, indices)
        if slot.role not in (Role.Q, Role.K):
            return values
        width, half = self.shape.head_dim, self.shape.head_dim // 2
        heads, places = np.divmod(indices, width)
        groups = heads // (self.shape.heads // self.shape.kv_heads) if slot.role is Role.Q else heads
        angles = generator(self.seed, 13, slot.layer).uniform(0, 2 * np.pi, (self.shape.kv_heads, half))
        angle = angles[groups, places % half].astype(np.float32)[:, None]
        partners = self.base.rows(slot, heads * width + (places + half) % width)
        return np.cos(angle) * values + np.where(places < half, -1, 1)[:, None] * np.sin(angle) * partners
