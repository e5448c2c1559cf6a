"""A model as training leaves it, every number known by its place.

What models of one corpus share is put in, in each model's own basis: the features of a token (so that embeddings of
strangers have alike Gram matrices), what frequent tokens have in common, and the features that FFN units look for.
Each model adds its own: heavy tails, a few massive channels, gains of the norms, rows of different sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from benchmarks.scale.numbers import FloatArray, IntArray, generator, heavy_rows, mixed, normal_rows, words
from benchmarks.scale.shapes import Shape
from benchmarks.scale.slots import AXES, BIASES, GAINS, STREAM_WRITERS, VOCABULARY, Axis, Role, Slot
from benchmarks.scale.vocabularies import UNTRAINED, words_of

FEATURES = 24
"""Directions of meaning that models of one corpus share."""

SHARED_UNITS = 4_096
"""Features that FFN units of whatever model look for."""

WEIGHT_SIZE = 0.02
"""Standard deviation of a matrix."""

_TOKEN_SHARE, _FREQUENCY, _ROW_SHARE = 0.45, 0.35, 0.12
"""Parts of an embedding row that are shared features and frequency; part of a layer's row that is features.

Over some thousand channels the last makes a third of what a row says of tokens.
"""

_MASSIVE_CHANNELS, _MASSIVE = 3, 8.0
_GAIN_SPREAD = 0.12

_CORPUS = mixed(2023)
"""What all models have read."""


class Weights(Protocol):
    """Where any rows of any tensor can be had."""

    @property
    def shape(self) -> Shape:
        """The dimensions."""
        ...

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        ...


@dataclass(frozen=True)
class Trained:
    """A model trained from scratch on the common corpus; another seed is another model."""

    shape: Shape
    seed: int

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        if slot.role in GAINS:
            return self._gains(slot)
        columns = self.shape.dimensions(slot)[1]
        own = heavy_rows(self._key(slot), indices, columns)
        if slot.role in BIASES:
            return own * np.float32(0.5)
        if slot.role in VOCABULARY:
            return self._tokens(slot, indices, own)
        if AXES[slot.role][1] is Axis.CHANNEL:
            return self._readers(slot, indices, own)
        return self._writers(slot, indices, own) if slot.role in STREAM_WRITERS else own * np.float32(WEIGHT_SIZE)

    @cached_property
    def directions(self) -> FloatArray:
        """The shared features in this model's own basis, shape (FEATURES + 1, channels); the last is frequency."""
        random = generator(self.seed, 1)
        return random.standard_normal((FEATURES + 1, self.shape.hidden), dtype=np.float32)

    @cached_property
    def massive(self) -> IntArray:
        """The channels with massive activations."""
        return generator(self.seed, 2).choice(self.shape.hidden, _MASSIVE_CHANNELS, replace=False)

    @cached_property
    def _channel_sizes(self) -> FloatArray:
        sizes = np.exp(0.15 * generator(self.seed, 3).standard_normal(self.shape.hidden)).astype(np.float32)
        sizes[self.massive] *= np.float32(_MASSIVE)
        return sizes

    def _key(self, slot: Slot) -> tuple[int, int]:
        return mixed(self.seed, 4), slot.number

    def _gains(self, slot: Slot) -> FloatArray:
        """Gains grow with depth in every model; around that each has its own, small at massive channels."""
        columns = self.shape.dimensions(slot)[1]
        depth = (slot.layer + 1) / self.shape.layers if slot.role is not Role.FINAL_NORM else 1.5
        own = 1 + _GAIN_SPREAD * normal_rows(self._key(slot), np.zeros(1, np.int64), columns)
        if columns == self.shape.hidden:
            own[:, self.massive] *= np.float32(0.2)
        return own * np.float32(0.3 + 0.5 * depth)

    def _tokens(self, slot: Slot, indices: IntArray, own: FloatArray) -> FloatArray:
        """Embedding rows: what the word means, how frequent it is, and the model's own."""
        numbers = words_of(self.shape.vocabulary)[indices]
        trained = numbers != UNTRAINED
        meaning = normal_rows((_CORPUS, slot.role.value), np.maximum(numbers, 0), FEATURES)
        meaning *= np.float32(_TOKEN_SHARE / FEATURES**0.5)
        frequency = _FREQUENCY * (1 - np.log(np.maximum(numbers, 1)) / 13).astype(np.float32)
        shared = meaning @ self.directions[:-1] + frequency[:, None] * self.directions[-1]
        left = np.float32((1 - _TOKEN_SHARE**2 - _FREQUENCY**2) ** 0.5)
        rows = np.where(trained[:, None], shared + left * own, np.float32(0.02) * own)
        if slot.role is Role.EMBED:
            rows *= self._channel_sizes
        return rows.astype(np.float32) * np.float32(WEIGHT_SIZE)

    def _readers(self, slot: Slot, indices: IntArray, own: FloatArray) -> FloatArray:
        """Rows that read the stream look for features; which ones, FFN units of all models have in common."""
        if slot.role in (Role.GATE, Role.UP):
            wanted = self.unit_features(slot)[indices]
        else:
            wanted = normal_rows((mixed(self.seed, 5), slot.number), indices, FEATURES)
        looked_for = wanted @ self.directions[:-1] * np.float32(_ROW_SHARE / FEATURES**0.5)
        sizes = np.exp(0.2 * normal_rows((mixed(self.seed, 6), slot.number), indices, 1))
        return (looked_for + np.float32((1 - _ROW_SHARE**2) ** 0.5) * own) * sizes * np.float32(WEIGHT_SIZE)

    def _writers(self, slot: Slot, indices: IntArray, own: FloatArray) -> FloatArray:
        """Rows of o and down: what all units write to a channel; massive channels get more."""
        if slot.role is Role.DOWN:
            shared = self.directions[:-1, indices].T @ self.unit_features(slot).T
            own = np.float32((1 - _ROW_SHARE**2) ** 0.5) * own + shared * np.float32(_ROW_SHARE / FEATURES**0.5)
        return own * self._channel_sizes[indices, None] * np.float32(WEIGHT_SIZE)

    def unit_features(self, slot: Slot) -> FloatArray:
        """What each unit of an FFN gates on, reads or writes; up and down of a unit share a sign of its own."""
        return _unit_features(self.seed, slot, self.shape.units(slot))


@lru_cache(maxsize=24)
def _unit_features(seed: int, slot: Slot, units: int) -> FloatArray:
    block = Slot(Role.GATE, slot.layer, slot.expert).number
    drawn = words((mixed(seed, 7), block), np.zeros(1, np.int64), units)[0, :units]
    features = normal_rows((_CORPUS, 100 + slot.role.value), np.arange(SHARED_UNITS), FEATURES)
    wanted = features[(drawn % SHARED_UNITS).astype(np.int64)]
    if slot.role is Role.GATE:
        return wanted
    signs = ((drawn >> np.uint64(40)) & np.uint64(1)).astype(np.float32) * 2 - 1
    return wanted * signs[:, None]
