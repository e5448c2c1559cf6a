"""Pairs of independent models that look as if they had something in common.

What they share (directions, frequencies, ranks, dead units) is what independent trainings on one corpus share. The
labels and signs of B are then drawn from the symmetries of the architecture, which is what independence means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.comparison.symmetry_worlds import random_disguise
from tests.models import Size, Weights, llama, llama_config

SIZE = Size(layers=1, heads=8, kv_heads=4)
CONFIG = llama_config(SIZE)

Pair = tuple[Weights, Weights]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A matrix just drawn, with a generator of its own and one that gives both models the same."""

    name: str
    values: np.ndarray
    own: np.random.Generator
    shared: np.random.Generator

    @property
    def width(self) -> int:
        return self.values.shape[1]


Change = Callable[[Drawn], np.ndarray]


def gaussian(seed: int) -> Pair:
    return llama(2 * seed, SIZE), llama(2 * seed + 1, SIZE)


def heavy_tailed(seed: int) -> Pair:
    """Elements of Student's t with 1.2 degrees: single elements carry whole rows."""
    return _two(seed, lambda drawn: 0.02 * drawn.own.standard_t(1.2, drawn.values.shape))


def shared_row_direction(seed: int) -> Pair:
    """All rows of a matrix lean one way, the same in both models."""
    return _two(seed, lambda drawn: drawn.values + 0.03 * drawn.shared.standard_normal(drawn.width))


def massive_channels(seed: int) -> Pair:
    """A few channels a hundred times larger than the rest, the same before their numbers are drawn."""
    return _two(seed, lambda drawn: drawn.values * np.where(np.arange(drawn.width) < 2, 100.0, 1.0))


def low_rank(seed: int) -> Pair:
    """Matrices of rank two."""

    def change(drawn: Drawn) -> np.ndarray:
        left, right = drawn.own.standard_normal((len(drawn.values), 2)), drawn.own.standard_normal((2, drawn.width))
        return 0.02 * left @ right

    return _two(seed, change)


def token_frequency(seed: int) -> Pair:
    """Embeddings grow with the tokens' rarity and lean away from one direction, alike in both models."""

    def change(drawn: Drawn) -> np.ndarray:
        if "embed" not in drawn.name and "lm_head" not in drawn.name:
            return drawn.values
        frequency = 1.0 / np.arange(1, len(drawn.values) + 1)[:, None]
        direction = drawn.shared.standard_normal(drawn.width)
        return drawn.values * (1 + 5 * frequency) - 0.1 * np.sqrt(frequency) * direction

    return _two(seed, change)


def common_features(seed: int) -> Pair:
    """Both learned the same features: equal weights but for noise, and their own numbers and signs."""
    rng = np.random.default_rng([seed, 4])
    weights = llama(seed, SIZE)
    learned = {name: (values + 0.01 * rng.standard_normal(values.shape)) for name, values in weights.items()}
    return weights, random_disguise({name: v.astype(np.float32) for name, v in learned.items()}, SIZE, rng)


def dead_and_equal_units(seed: int) -> Pair:
    """A third of the rows are zero, another third all alike."""

    def change(drawn: Drawn) -> np.ndarray:
        third = len(drawn.values) // 3
        changed = drawn.values.copy()
        changed[:third] = 0.0
        changed[third : 2 * third] = drawn.shared.standard_normal(drawn.width)
        return changed

    return _two(seed, change)


def tied_embeddings(seed: int) -> Pair:
    return llama(2 * seed, SIZE, tied=True), llama(2 * seed + 1, SIZE, tied=True)


def stored_tied_embeddings(seed: int) -> Pair:
    """The head repeats the embedding, and every row of the vocabulary counts twice."""
    pair = gaussian(seed)
    for weights in pair:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    return pair


def constant_matrices(seed: int) -> Pair:
    """Equal in both: the gains, all one; and one model's q and k are all zero, as some start."""
    a, b = gaussian(seed)
    for name, values in a.items():
        if values.ndim == 1:
            a[name], b[name] = np.ones_like(values), np.ones_like(values)
        elif "q_proj" in name:
            a[name] = np.zeros_like(values)
    return a, b


WORLDS: dict[str, Callable[[int], Pair]] = {
    world.__name__: world
    for world in (
        gaussian, heavy_tailed, shared_row_direction, massive_channels, low_rank, token_frequency, common_features,
        dead_and_equal_units, tied_embeddings, stored_tied_embeddings, constant_matrices,
    )
}  # fmt: skip


def _two(seed: int, change: Change) -> Pair:
    """Draw two models, change every matrix, and give B its own numbers and signs."""
    changed = []
    for number in (0, 1):
        own = np.random.default_rng([seed, number])
        weights = llama(2 * seed + number, SIZE)
        for position, (name, values) in enumerate(weights.items()):
            if values.ndim == 2:
                shared = np.random.default_rng([seed, 2, position])
                weights[name] = change(Drawn(name, values, own, shared)).astype(np.float32)
        changed.append(weights)
    return changed[0], random_disguise(changed[1], SIZE, np.random.default_rng([seed, 3]))
