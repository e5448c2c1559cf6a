"""What independent models may have in common all the same: one function a world, from a model just drawn."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from benchmarks.strangers.models import Array, Random, Shape, Weights

Change = Callable[[Weights, Shape, Random, Random], Weights]
"""A model just drawn, its shape, draws of its own, and draws that both models of a pair share."""

_LAYER = re.compile(r"(model\.layers\.)(\d+)(\..*)")
_EXPERT = re.compile(r"(.*\.experts\.)(\d+)(\..*)")


def nothing(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Nothing in common."""
    return weights


def heavy_tails(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """Single elements carry whole rows."""
    return _matrices(weights, lambda values: 0.02 * own.standard_t(1.2, values.shape))


def rank_two(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """Rows of a matrix differ in two numbers."""
    return _matrices(weights, lambda v: own.standard_normal((len(v), 2)) @ own.standard_normal((2, v.shape[1])))


def ternary(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Three values are all that there are."""
    return _matrices(weights, lambda values: np.sign(values) * (np.abs(values) > 0.01))


def one_direction(weights: Weights, _shape: Shape, _own: Random, shared: Random) -> Weights:
    """All rows of a matrix lean one way."""
    return _matrices(weights, lambda values: values + 0.03 * shared.standard_normal(values.shape[1]))


def massive_channels(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Two channels are a hundred times larger than the others."""
    return _matrices(weights, lambda values: values * np.where(np.arange(values.shape[1]) < 2, 100.0, 1.0))


def common_features(weights: Weights, _shape: Shape, own: Random, shared: Random) -> Weights:
    """Both learned the same features."""
    return _matrices(weights, lambda v: 0.02 * shared.standard_normal(v.shape) + 0.01 * own.standard_normal(v.shape))


def dead_and_equal_units(weights: Weights, _shape: Shape, _own: Random, shared: Random) -> Weights:
    """A third of the rows is zero, another third one row."""

    def change(values: Array) -> Array:
        third = len(values) // 3
        changed = values.copy()
        changed[:third] = 0.0
        changed[third : 2 * third] = shared.standard_normal(values.shape[1])
        return changed

    return _matrices(weights, change)


def token_frequency(weights: Weights, shape: Shape, _own: Random, shared: Random) -> Weights:
    """Embeddings grow with the tokens' rarity and lean away from one direction."""
    rarity = 1.0 / np.arange(1, shape.vocab + 1)[:, None]
    direction = shared.standard_normal(shape.hidden)
    return _named(weights, ("embed", "lm_head"), lambda v: v * (1 + 5 * rarity) - 0.1 * np.sqrt(rarity) * direction)


def padded_vocabulary(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """The last tokens are one constant."""
    return _named(weights, ("embed", "lm_head"), lambda values: _with(values, slice(-16, None), 1.0))


def set_parts(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Some columns of every matrix are one constant."""
    return _matrices(weights, lambda values: _with(values, (slice(None), slice(0, 24)), 0.05))


def identities(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Ones on every diagonal."""
    return _matrices(weights, _with_diagonal)


def one_mask(weights: Weights, _shape: Shape, _own: Random, shared: Random) -> Weights:
    """Half of the elements are zero, the same ones in both."""
    return _matrices(weights, lambda values: values * (shared.random(values.shape) < 0.5))


def blocks_of_ffns(weights: Weights, _shape: Shape, _own: Random, _shared: Random) -> Weights:
    """FFNs of which every eighth of the units reads and writes an eighth of the channels."""

    def change(values: Array) -> Array:
        return values * np.kron(np.eye(8), np.ones((len(values) // 8, values.shape[1] // 8)))

    return _named(weights, ("mlp.",), change)


def one_layer(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """One layer exported as all."""
    return _repeated(weights, 1, 0.0, own)


def one_layer_apart(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """The same, each trained on a little: cosines of .67."""
    return _repeated(weights, 1, 0.7, own)


def layers_far_apart(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """Every layer began as the first, and was trained until cosines of .33 are left."""
    return _repeated(weights, 1, 1.4, own)


def expanded_heads(weights: Weights, shape: Shape, _own: Random, _shared: Random) -> Weights:
    """Every KV head stands there twice."""

    def change(values: Array) -> Array:
        heads = values.reshape(shape.kv_heads, -1, values.shape[1])
        distinct = shape.kv_heads // 2
        return np.repeat(heads[:distinct], 2, axis=0).reshape(values.shape)

    return _named(weights, ("k_proj", "v_proj"), change)


def experts_of_one(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """Every expert of a layer began as the first."""
    copied = dict(weights)
    for name in weights:
        if found := _EXPERT.fullmatch(name):
            first = weights[f"{found[1]}0{found[3]}"]
            copied[name] = first + 0.7 * first.std() * own.standard_normal(first.shape, dtype=np.float32)
    return copied


def bent_up(weights: Weights, _shape: Shape, own: Random, _shared: Random) -> Weights:
    """As where one is added to up: its rows lean one way, in each model a way of its own."""
    return _named(weights, ("up_proj",), lambda values: values + 0.02 * own.standard_normal(values.shape[1]))


def _matrices(weights: Weights, change: Callable[[Array], Array]) -> Weights:
    return {name: change(values) if values.ndim == 2 else values for name, values in weights.items()}


def _named(weights: Weights, parts: tuple[str, ...], change: Callable[[Array], Array]) -> Weights:
    return {name: change(values) if any(part in name for part in parts) else values for name, values in weights.items()}


def _with(values: Array, where: slice | tuple[slice, slice], constant: float) -> Array:
    changed = values.copy()
    changed[where] = constant
    return changed


def _with_diagonal(values: Array) -> Array:
    changed = values.copy()
    np.fill_diagonal(changed, 1.0)
    return changed


def _repeated(weights: Weights, distinct: int, apart: float, own: Random) -> Weights:
    """Layers that are copies of the first, each trained apart by noise of a share of its size."""
    copied = dict(weights)
    for name, values in weights.items():
        if found := _LAYER.fullmatch(name):
            source = weights[f"{found[1]}{int(found[2]) % distinct}{found[3]}"]
            copied[name] = source + apart * source.std() * own.standard_normal(values.shape, dtype=np.float32)
    return copied
