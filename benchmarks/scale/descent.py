"""What is done to models: trained on, noised, restacked, upcycled, grafted. Each computes the rows it is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.scale.numbers import FloatArray, IntArray, mixed, normal_rows
from benchmarks.scale.shapes import Shape
from benchmarks.scale.slots import BIASES, GAINS, Role, Slot
from benchmarks.scale.trained import WEIGHT_SIZE, Weights

_GAIN_SIZE = 0.05
"""How far gains move, against how far matrices do."""


@dataclass(frozen=True)
class Moved:
    """A model whose every number moved by its own amount: a fine-tune where it is little, noise where it is much.

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
        moved = normal_rows((mixed(self.seed, 8), slot.number), indices, values.shape[1])
        return values + moved * np.float32(scale * self.size)


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
    """A model that has some roles from a donor and the others of its own."""

    own: Weights
    donor: Weights
    roles: Collection[Role]

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        return self.own.shape

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        return (self.donor if slot.role in self.roles else self.own).rows(slot, indices)
