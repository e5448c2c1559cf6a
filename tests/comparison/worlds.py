"""Pairs of independent models that look as if they had something in common.

What they share (directions, frequencies, ranks, dead units) is what independent trainings on one corpus share. The
labels and signs of B are then drawn from the symmetries of the architecture, which is what independence means.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.comparison.symmetries import random_image
from tests.models import SMALL, Weights, llama

Pair = tuple[Weights, Weights]
Change = Callable[[str, np.ndarray, np.random.Generator, np.random.Generator], np.ndarray]


def gaussian(seed: int) -> Pair:
    return llama(2 * seed), llama(2 * seed + 1)


def heavy_tailed(seed: int) -> Pair:
    """Elements of Student's t with 1.2 degrees: single elements carry whole rows."""
    return _two(seed, lambda name, values, own, shared: 0.02 * own.standard_t(1.2, values.shape))


def shared_row_direction(seed: int) -> Pair:
    """All rows of a matrix lean one way, the same in both models."""
    return _two(seed, lambda name, values, own, shared: values + 0.03 * shared.standard_normal(values.shape[1]))


def massive_channels(seed: int) -> Pair:
    """A few channels a hundred times larger than the rest, the same before their numbers are drawn."""
    return _two(seed, lambda name, values, own, shared: values * np.where(np.arange(values.shape[1]) < 2, 100.0, 1.0))


def low_rank(seed: int) -> Pair:
    """Matrices of rank two."""

    def change(name: str, values: np.ndarray, own: np.random.Generator, shared: np.random.Generator) -> np.ndarray:
        rows, columns = values.shape
        return 0.02 * own.standard_normal((rows, 2)) @ own.standard_normal((2, columns))

    return _two(seed, change)


def token_frequency(seed: int) -> Pair:
    """Embeddings grow with the tokens' rarity and lean away from one direction, alike in both models."""

    def change(name: str, values: np.ndarray, own: np.random.Generator, shared: np.random.Generator) -> np.ndarray:
        if "embed" not in name and "lm_head" not in name:
            return values
        frequency = 1.0 / np.arange(1, len(values) + 1)
        return values * (1 + 5 * frequency[:, None]) - np.sqrt(frequency)[:, None] * own.standard_normal(
            values.shape[1]
        )

    return _two(seed, change)


def common_features(seed: int) -> Pair:
    """Both learned the same features: equal weights but for noise, and their own numbers and signs."""
    rng = np.random.default_rng(seed)
    weights = llama(seed)
    learned = {name: (values + 0.01 * rng.standard_normal(values.shape)) for name, values in weights.items()}
    return weights, random_image({name: v.astype(np.float32) for name, v in learned.items()}, SMALL, rng)


def dead_and_equal_units(seed: int) -> Pair:
    """A third of the rows are zero, another third all alike."""

    def change(name: str, values: np.ndarray, own: np.random.Generator, shared: np.random.Generator) -> np.ndarray:
        third = len(values) // 3
        changed = values.copy()
        changed[:third] = 0.0
        changed[third : 2 * third] = shared.standard_normal(values.shape[1])
        return changed

    return _two(seed, change)


def tied_embeddings(seed: int) -> Pair:
    return llama(2 * seed, tied=True), llama(2 * seed + 1, tied=True)


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
        weights = llama(2 * seed + number)
        for position, (name, values) in enumerate(weights.items()):
            if values.ndim == 2:
                shared = np.random.default_rng([seed, 2, position])
                weights[name] = change(name, values, own, shared).astype(np.float32)
        changed.append(weights)
    return changed[0], random_image(changed[1], SMALL, np.random.default_rng([seed, 3]))
