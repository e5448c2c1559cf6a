"""Sets of zoo models with their true family trees."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.zoo.catalogue import Entry, Half, catalogue
from benchmarks.zoo.recipes import Merged
from benchmarks.zoo.truth import ancestors

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Forest:
    """Some models and what is true of them.

    Attributes:
        models: in the order in which they are given to the tool, which says nothing.
        edges: pairs of parent and child.
        optional: edges that need not be drawn: a merge and the base of its parents.
        groups: names by group; models of one initialisation are one group.
        ancestors: names of each model's ancestors.
    """

    models: tuple[Entry, ...]
    edges: frozenset[Pair]
    optional: frozenset[Pair]
    groups: frozenset[frozenset[str]]
    ancestors: Mapping[str, frozenset[str]]


def draw_forest(half: Half, size: int, seed: int) -> Forest:
    """Draw models of a half, whole families of parents with them, until there are so many."""
    drawn = random.Random(f"forest {half} {seed}")
    entries = list(catalogue(half).values())
    families = drawn.sample(sorted({entry.family for entry in entries}), 3)
    among = [entry for entry in entries if entry.family in families]
    chosen: dict[str, Entry] = {}
    while len(chosen) < size:
        chosen |= _with_parents(drawn.choice(among), size - len(chosen), chosen)
    models = list(chosen.values())
    drawn.shuffle(models)
    return forest_of(models)


def forest_of(models: Sequence[Entry]) -> Forest:
    """What is true of some models."""
    names = {model.name for model in models}
    edges, optional = set(), set()
    for model in models:
        merged = model.recipe is not None and isinstance(model.recipe.change, Merged)
        for number, parent in enumerate(model.weight_parents):
            if parent.name in names:
                edges.add(frozenset((parent.name, model.name)))
                if merged and number == 0:
                    optional.add(frozenset((parent.name, model.name)))
    return Forest(
        tuple(models),
        frozenset(edges),
        frozenset(optional),
        frozenset(map(frozenset, _groups(models))),
        {model.name: frozenset(ancestors(model)) - {model.name} for model in models},
    )


def _with_parents(entry: Entry, room: int, chosen: Mapping[str, Entry]) -> dict[str, Entry]:
    """The model and all its ancestors, distilled ones' teachers too, if there is room."""
    needed = {name: one for name, one in ancestors(entry).items() if name not in chosen}
    return needed if len(needed) <= room else {}


def _groups(models: Sequence[Entry]) -> list[set[str]]:
    """Models that hold weights of one initialisation, directly or through others."""
    parts: list[tuple[set[int], set[str]]] = []
    for model in models:
        seeds = {one.base.initial_seed for one in ancestors(model).values() if one.recipe is None}
        seeds = seeds or {-model.seed}
        joined = [part for part in parts if part[0] & seeds]
        parts = [part for part in parts if not part[0] & seeds]
        parts.append((seeds.union(*(part[0] for part in joined)), {model.name}.union(*(part[1] for part in joined))))
    return [names for _, names in parts]
