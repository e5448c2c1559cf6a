"""The worlds that strangers are drawn from.

A world changes each model by its own draws and by draws that all models of a pool share. Where what is shared would
break the null (a direction that all lean to), labels and signs are drawn anew: that is what independent training means.
Where it is set by construction (constants, copies inside a model, a bend of the architecture), it stays as it is.

Every model of a pool is held against every other. Given one of them, the signs and labels of two others are
independent, so that the rejections of any two pairs are, and their number has the variance of as many separate pairs.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.strangers import changes
from benchmarks.strangers.changes import Change
from benchmarks.strangers.models import Drawn, Random, Shape
from tests.comparison.symmetry_worlds import random_disguise

FLAT = Shape()
"""Every sign test has 48 random signs or more here, and most keys that are matched by size have 40."""

DEEP = Shape(layers=3, heads=4, kv_heads=2)
"""The same signs over three layers, but for keys that are matched by size."""

PAIRED = Shape(layers=2, heads=12, kv_heads=6)
"""For layers that are copies of each other: so many signs are left of one."""


MODELS = 42
"""Models of a pool, of which each is held against each other: 861 pairs."""

Seed = tuple[int, int]
_RELABELLED, _DRAWN, _OWN, _SHARED = range(1, 5)
"""What is drawn, each from a stream of its own."""


@dataclass(frozen=True, slots=True)
class World:
    """One world.

    Attributes:
        change: what all models of a pool have in common.
        redraws: whether labels and signs of every model are drawn anew.
        have_counterparts: whether units find each other in any order, so that all invariants have to be asked.
        shape: their sizes.
    """

    change: Change
    redraws: bool = False
    have_counterparts: bool = False
    shape: Shape = FLAT

    def model(self, seed: Seed, number: int) -> Drawn:
        """A model of a pool, independent of all others."""
        drawn = self.shape.draw(_random(seed, number, _DRAWN))
        changed = self.change(drawn, self.shape, _random(seed, number, _OWN), _random(seed, MODELS, _SHARED))
        weights = {name: values.astype(np.float32, copy=False) for name, values in changed.items()}
        if self.redraws:
            weights = random_disguise(weights, self.shape, _random(seed, number, _RELABELLED))
        return Drawn(self.shape, weights)


WORLDS: Mapping[str, World] = {
    "plain": World(changes.nothing),
    "plain, deep": World(changes.nothing, shape=DEEP),
    "heavy tails": World(changes.heavy_tails),
    "rank two": World(changes.rank_two),
    "rank two, deep": World(changes.rank_two, shape=DEEP),
    "ternary": World(changes.ternary),
    "one direction": World(changes.one_direction, redraws=True),
    "massive channels": World(changes.massive_channels, redraws=True),
    "common features": World(changes.common_features, redraws=True, have_counterparts=True),
    "common features, deep": World(changes.common_features, redraws=True, have_counterparts=True, shape=DEEP),
    "dead and equal units": World(changes.dead_and_equal_units, redraws=True),
    "token frequency": World(changes.token_frequency, redraws=True),
    "tied embeddings": World(changes.nothing, shape=Shape(tied=True)),
    "padded vocabulary": World(changes.padded_vocabulary),
    "parts set": World(changes.set_parts),
    "identities": World(changes.identities),
    "one mask": World(changes.one_mask),
    "blocks of FFNs": World(changes.blocks_of_ffns),
    "one layer as all": World(changes.one_layer, shape=PAIRED),
    "one layer as all, trained apart": World(changes.one_layer_apart, shape=PAIRED),
    "one layer as all, far apart": World(changes.layers_far_apart, shape=PAIRED),
    "expanded heads": World(changes.expanded_heads, shape=PAIRED),
    "experts of one FFN": World(changes.experts_of_one, shape=Shape(experts=3)),
    "bent up": World(changes.bent_up),
}


def pool_of(world: str, number: int, models: int = MODELS) -> list[Drawn]:
    """The models of one pool; no two pools of any two worlds share a draw."""
    return [WORLDS[world].model((zlib.crc32(world.encode()), number), model) for model in range(models)]


def _random(seed: Seed, *stream: int) -> Random:
    return np.random.default_rng([*stream, *seed])
