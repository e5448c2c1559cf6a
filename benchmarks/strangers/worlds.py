"""The worlds that pairs of strangers are drawn from: what independent models may have in common all the same.

A world changes each model by its own draws and by draws that both share. Where what is shared would break the null (a
direction that both lean to), labels and signs of B are drawn anew: that is what independent training means. Where it is
set by construction (constants, copies inside a model, a bend of the architecture), it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tests.comparison.symmetry_worlds import random_disguise
from tests.models import Size, Weights, llama, llama_config

SIZE = Size(layers=3, hidden=64, heads=8, kv_heads=4, ffn=48, vocab=96)
"""Each sign test has at least 37 random signs here, and a pair takes about a tenth of a second."""

CONFIG = llama_config(SIZE)

Random = np.random.Generator
Change = Callable[[Weights, Random, Random], Weights]


@dataclass(frozen=True, slots=True)
class World:
    """One world.

    Attributes:
        change: what becomes of a model just drawn, given draws of its own and draws that both models share.
        redraws: whether labels and signs of B are drawn anew.
    """

    change: Change
    redraws: bool = False

    def pair(self, seed: int) -> tuple[Weights, Weights]:
        """Two independent models."""
        a, b = (self._model(seed, number) for number in (0, 1))
        return (a, random_disguise(b, SIZE, np.random.default_rng([seed, 3]))) if self.redraws else (a, b)

    def _model(self, seed: int, number: int) -> Weights:
        own, shared = np.random.default_rng([seed, number, 1]), np.random.default_rng([seed, 2])
        changed = self.change(llama(2 * seed + number, SIZE), own, shared)
        return {name: values.astype(np.float32) for name, values in changed.items()}


def _plain(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return weights


def _heavy_tailed(weights: Weights, own: Random, _shared: Random) -> Weights:
    return _matrices(weights, lambda values: 0.02 * own.standard_t(1.2, values.shape))


def _low_rank(weights: Weights, own: Random, _shared: Random) -> Weights:
    return _matrices(weights, lambda v: own.standard_normal((len(v), 2)) @ own.standard_normal((2, v.shape[1])))


def _ternary(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return _matrices(weights, lambda values: np.sign(values) * (np.abs(values) > 0.01))


def _one_direction(weights: Weights, _own: Random, shared: Random) -> Weights:
    return _matrices(weights, lambda values: values + 0.03 * shared.standard_normal(values.shape[1]))


def _massive_channels(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return _matrices(weights, lambda values: values * np.where(np.arange(values.shape[1]) < 2, 100.0, 1.0))


def _common_features(weights: Weights, own: Random, shared: Random) -> Weights:
    return _matrices(weights, lambda v: 0.02 * shared.standard_normal(v.shape) + 0.01 * own.standard_normal(v.shape))


def _dead_and_equal_units(weights: Weights, _own: Random, shared: Random) -> Weights:
    def change(values: np.ndarray) -> np.ndarray:
        third = len(values) // 3
        changed = values.copy()
        changed[:third] = 0.0
        changed[third : 2 * third] = shared.standard_normal(values.shape[1])
        return changed

    return _matrices(weights, change)


def _token_frequency(weights: Weights, _own: Random, shared: Random) -> Weights:
    rarity = 1.0 / np.arange(1, SIZE.vocab + 1)[:, None]
    direction = shared.standard_normal(SIZE.hidden)
    return _named(weights, ("embed", "lm_head"), lambda v: v * (1 + 5 * rarity) - 0.1 * np.sqrt(rarity) * direction)


def _tied(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return {**weights, "lm_head.weight": weights["model.embed_tokens.weight"]}


def _padded_vocabulary(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return _named(weights, ("embed", "lm_head"), lambda values: _with(values, slice(-16, None), 1.0))


def _set_parts(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return _matrices(weights, lambda values: _with(values, (slice(None), slice(0, 24)), 0.05))


def _identities(weights: Weights, _own: Random, _shared: Random) -> Weights:
    return _matrices(weights, _with_diagonal)


def _one_layer(weights: Weights, own: Random, _shared: Random) -> Weights:
    return _repeated(weights, 1, 0.0, own)


def _one_layer_apart(weights: Weights, own: Random, _shared: Random) -> Weights:
    return _repeated(weights, 1, 0.7, own)


def _expanded_heads(weights: Weights, _own: Random, _shared: Random) -> Weights:
    def change(values: np.ndarray) -> np.ndarray:
        heads = values.reshape(SIZE.kv_heads, -1, values.shape[1])
        return np.repeat(heads[:2], SIZE.kv_heads // 2, axis=0).reshape(values.shape)

    return _named(weights, ("k_proj", "v_proj"), change)


def _bent_up(weights: Weights, own: Random, _shared: Random) -> Weights:
    """As where one is added to up: its rows lean one way, in each model a way of its own."""
    return _named(weights, ("up_proj",), lambda values: values + 0.02 * own.standard_normal(values.shape[1]))


WORLDS: Mapping[str, World] = {
    "plain": World(_plain),
    "heavy tails": World(_heavy_tailed),
    "rank two": World(_low_rank),
    "ternary": World(_ternary),
    "one direction": World(_one_direction, redraws=True),
    "massive channels": World(_massive_channels, redraws=True),
    "common features": World(_common_features, redraws=True),
    "dead and equal units": World(_dead_and_equal_units, redraws=True),
    "token frequency": World(_token_frequency, redraws=True),
    "tied embeddings": World(_tied),
    "padded vocabulary": World(_padded_vocabulary),
    "parts set": World(_set_parts),
    "identities": World(_identities),
    "one layer as three": World(_one_layer),
    "one layer as three, trained apart": World(_one_layer_apart),
    "expanded heads": World(_expanded_heads),
    "bent up": World(_bent_up),
}


def _matrices(weights: Weights, change: Callable[[np.ndarray], np.ndarray]) -> Weights:
    return {name: change(values) if values.ndim == 2 else values for name, values in weights.items()}


def _named(weights: Weights, parts: tuple[str, ...], change: Callable[[np.ndarray], np.ndarray]) -> Weights:
    return {name: change(values) if any(part in name for part in parts) else values for name, values in weights.items()}


def _with(values: np.ndarray, where: slice | tuple[slice, slice], constant: float) -> np.ndarray:
    changed = values.copy()
    changed[where] = constant
    return changed


def _with_diagonal(values: np.ndarray) -> np.ndarray:
    changed = values.copy()
    np.fill_diagonal(changed, 1.0)
    return changed


def _repeated(weights: Weights, distinct: int, apart: float, own: Random) -> Weights:
    """Layers that are copies of the first, each trained apart by noise of a share of its size."""
    copied = dict(weights)
    for name, values in weights.items():
        if name.startswith("model.layers."):
            layer, rest = name.removeprefix("model.layers.").split(".", 1)
            source = weights[f"model.layers.{int(layer) % distinct}.{rest}"]
            copied[name] = source + apart * values.std() * own.standard_normal(values.shape)
    return copied
