"""The same function under other labels: orders, signs and scales of channels, units, heads and rotary pairs.

A subset is an order, too: that is how a model is cut in width.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from benchmarks.scale.numbers import FloatArray, IntArray, generator, mixed
from benchmarks.scale.shapes import Latent, Shape
from benchmarks.scale.slots import AXES, Axis, Slot
from benchmarks.scale.trained import Weights

Change = Literal["channels", "units", "heads", "experts", "signs", "scales"]
EVERYTHING: frozenset[Change] = frozenset({"channels", "units", "heads", "experts", "signs", "scales"})
ORDERS: frozenset[Change] = frozenset({"channels", "units", "heads", "experts"})

_LARGEST_SCALE = 4.0
"""Units are scaled by factors between this and its reciprocal."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The labels of an axis.

    Attributes:
        indices: which of the old indices stands at each new one.
        factors: what a row at the new index is multiplied by, and a column divided by; None for one.
    """

    indices: IntArray
    factors: FloatArray | None = None


@dataclass(frozen=True)
class Relabelled:
    """A model under other labels, with the same rows and columns or fewer of them."""

    base: Weights
    shape: Shape
    seed: int
    changes: frozenset[Change]

    def rows(self, slot: Slot, indices: IntArray) -> FloatArray:
        """Some rows of a matrix; a vector is one row."""
        row_axis, column_axis = AXES[slot.role]
        rows = self._order(row_axis, slot) if row_axis else None
        wanted = indices if rows is None else rows.indices[indices]
        values = self.base.rows(self._source(slot), wanted)
        if rows is not None and rows.factors is not None:
            values = values * rows.factors[indices, None]
        columns = self._order(column_axis, slot)
        if columns is None:
            return values
        values = values[:, columns.indices]
        # A bias is added to what its matrix gives, and so goes as the matrix's rows do.
        factors = columns.factors
        return values if factors is None else values * factors if row_axis is None else values / factors

    def _source(self, slot: Slot) -> Slot:
        if "experts" not in self.changes or not 0 <= slot.expert < self.shape.experts:
            return slot
        order = _experts(self._seed(slot), self.base.shape.experts)
        return replace(slot, expert=int(order.indices[slot.expert]))

    def _seed(self, slot: Slot) -> int:
        return mixed(self.seed, slot.layer)

    def _order(self, axis: Axis, slot: Slot) -> Order | None:
        old, new, changes, seed = self.base.shape, self.shape, self.changes, self._seed(slot)
        if axis in (Axis.CHANNEL, Axis.GAIN):
            order = _channels(self.seed, old.hidden, new.hidden, changes)
            return order if axis is Axis.CHANNEL or order is None else Order(order.indices)
        if axis in (Axis.UNIT, Axis.GATED):
            order = _units(mixed(seed, slot.expert), old.units(slot), new.units(slot), changes)
            return order if axis is Axis.UNIT or order is None else Order(order.indices)
        if axis is Axis.EXPERT:
            return _experts(seed, old.experts) if "experts" in changes else None
        return None if axis is Axis.TOKEN else _head_axes(seed, old, new, changes).get(axis)


@lru_cache(maxsize=16)
def _channels(seed: int, old: int, new: int, changes: frozenset[Change]) -> Order | None:
    return _drawn(mixed(seed, 1), old, new, "channels" in changes, "signs" in changes)


@lru_cache(maxsize=64)
def _units(seed: int, old: int, new: int, changes: frozenset[Change]) -> Order | None:
    order = _drawn(mixed(seed, 2), old, new, "units" in changes, "signs" in changes)
    if "scales" not in changes or order is None:
        return order
    scales = _LARGEST_SCALE ** generator(seed, 3).uniform(-1, 1, new).astype(np.float32)
    return Order(order.indices, scales if order.factors is None else order.factors * scales)


@lru_cache(maxsize=256)
def _experts(seed: int, count: int) -> Order:
    return Order(generator(seed, 4).permutation(count))


def _drawn(seed: int, old: int, new: int, is_shuffled: bool, is_signed: bool) -> Order | None:
    """An order of ``new`` out of ``old``: kept as it is, or drawn; signs likewise."""
    if old == new and not is_shuffled and not is_signed:
        return None
    random = generator(seed)
    kept = random.permutation(old)[:new] if old != new else np.arange(old)
    indices = random.permutation(kept) if is_shuffled else np.sort(kept)
    return Order(indices, _signs(random, new) if is_signed else None)


def _signs(random: np.random.Generator, count: int) -> FloatArray:
    return random.integers(0, 2, count).astype(np.float32) * 2 - 1


@lru_cache(maxsize=32)
def _head_axes(seed: int, old: Shape, new: Shape, changes: frozenset[Change]) -> dict[Axis, Order]:
    """Orders of all that belongs to heads, in one layer."""
    if old.heads == new.heads and not changes & {"heads", "signs"}:
        return {}
    return (_latent_axes if new.latent else _grouped_axes)(mixed(seed, 5), old, new, changes)


def _grouped_axes(seed: int, old: Shape, new: Shape, changes: frozenset[Change]) -> dict[Axis, Order]:
    """KV groups with all that belongs to them, query heads inside their group, rotary pairs and value dimensions."""
    random = generator(seed)
    old_per, new_per = old.heads // old.kv_heads, new.heads // new.kv_heads
    shuffled = "heads" in changes
    groups = _kept(random, old.kv_heads, new.kv_heads, shuffled)
    heads = np.concatenate([group * old_per + _kept(random, old_per, new_per, shuffled) for group in groups])
    width, half = new.head_dim, new.head_dim // 2
    pairs, values = _signs(random, new.kv_heads * half), _signs(random, new.kv_heads * width)
    by_key = np.concatenate([np.tile(group, 2) for group in pairs.reshape(-1, half)])
    signed = "signs" in changes
    return {
        Axis.QUERY: Order(_spread(heads, width), _by_group(by_key, width, new_per) if signed else None),
        Axis.KEY: Order(_spread(groups, width), by_key if signed else None),
        Axis.VALUE: Order(_spread(groups, width), values if signed else None),
        Axis.ATTENDED: Order(_spread(heads, width), _by_group(values, width, new_per) if signed else None),
    }


def _latent_axes(seed: int, old: Shape, new: Shape, changes: frozenset[Change]) -> dict[Axis, Order]:
    """Heads and both compressions of latent attention; all heads share one rotary key, in neighbouring pairs."""
    random, latent = generator(seed), new.latent or Latent()
    heads = _kept(random, old.heads, new.heads, "heads" in changes)
    queries = _kept(random, latent.query_rank, latent.query_rank, "heads" in changes)
    keys = _kept(random, latent.key_rank, latent.key_rank, "heads" in changes)
    if "signs" not in changes:
        ones = [np.ones(length, np.float32) for length in (latent.query_rank, latent.key_rank, latent.rotary)]
        query_signs, key_signs, rotary = ones
        plain, value = np.ones((new.heads, latent.plain)), np.ones((new.heads, latent.value))
    else:
        query_signs, key_signs = _signs(random, latent.query_rank), _signs(random, latent.key_rank)
        rotary = np.repeat(_signs(random, latent.rotary // 2), 2)
        plain = _signs(random, new.heads * latent.plain).reshape(new.heads, -1)
        value = _signs(random, new.heads * latent.value).reshape(new.heads, -1)
    by_query = np.concatenate([plain, np.tile(rotary, (new.heads, 1))], axis=1).ravel().astype(np.float32)
    with_rotary = np.concatenate([keys, latent.key_rank + np.arange(latent.rotary)])
    return {
        Axis.QUERY: Order(_spread(heads, latent.plain + latent.rotary), by_query),
        Axis.KEY_VALUE: Order(
            _spread(heads, latent.plain + latent.value),
            np.concatenate([plain, value], axis=1).ravel().astype(np.float32),
        ),
        Axis.ATTENDED: Order(_spread(heads, latent.value), value.ravel().astype(np.float32)),
        Axis.QUERY_LATENT: Order(queries, query_signs),
        Axis.QUERY_LATENT_GAIN: Order(queries),
        Axis.KEY_LATENT: Order(with_rotary, np.concatenate([key_signs, rotary])),
        Axis.COMPRESSED: Order(keys, key_signs),
        Axis.COMPRESSED_GAIN: Order(keys),
    }


def _kept(random: np.random.Generator, old: int, new: int, is_shuffled: bool) -> IntArray:
    kept = random.permutation(old)[:new]
    return kept if is_shuffled else np.sort(kept)


def _spread(heads: IntArray, width: int) -> IntArray:
    """The rows of heads."""
    return (heads[:, None] * width + np.arange(width)).ravel()


def _by_group(factors: FloatArray, width: int, heads: int) -> FloatArray:
    """What holds for a KV head, for every query head of its group."""
    return np.repeat(factors.reshape(-1, width), heads, axis=0).ravel()
