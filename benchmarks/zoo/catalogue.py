"""Every model of a half: its recipe, its parents, and what it holds of whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Literal

from benchmarks.zoo import bases, descendants
from benchmarks.zoo.bases import CONTEXT, SEQUENCES, Base
from benchmarks.zoo.recipe_table import RECIPES
from benchmarks.zoo.recipes import Distilled, Recipe

Half = Literal["threshold", "report", "siblings"]
HALVES: tuple[Half, ...] = ("threshold", "report")
SETS: tuple[Half, ...] = (*HALVES, "siblings")
"""The two halves, and a smaller set beside them in which most pairs are siblings."""

_BASES: Mapping[Half, tuple[Base, ...]] = {
    "threshold": bases.THRESHOLD,
    "report": bases.REPORT,
    "siblings": bases.SIBLINGS,
}
_ROWS = {"threshold": descendants.THRESHOLD, "report": descendants.REPORT, "siblings": descendants.SIBLINGS}

MAKING = 1
"""Raise this when the code that makes models changes what it makes: complete models are then made anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the zoo.

    Attributes:
        name: unique in its half.
        half: which half.
        base: the base that it goes back to by its first parents; itself for a base.
        recipe: None for a base.
        parents: what it is made from, in the recipe's order.
        digest: pins the whole way that leads to it.
    """

    name: str
    half: Half
    base: Base
    recipe: Recipe | None
    parents: tuple[Entry, ...]
    digest: str

    @property
    def weight_parents(self) -> tuple[Entry, ...]:
        """The parents whose weights it holds: none for a student of distillation."""
        return () if self.recipe and isinstance(self.recipe.change, Distilled) else self.parents

    @property
    def family(self) -> str:
        """Its base's family."""
        return self.base.name.split("-")[0]

    @property
    def seed(self) -> int:
        """Seeds whatever is drawn while it is made."""
        return int(self.digest[:8], 16)

    @property
    def folder(self) -> str:
        """Its place below the zoo's folder."""
        return f"{self.half}/{self.name}"


@cache
def catalogue(half: Half) -> Mapping[str, Entry]:
    """Return all models of a half by name, parents before children."""
    entries = {base.name: _base_entry(base, half) for base in _BASES[half]}
    for row in _ROWS[half]:
        parents = tuple(entries[name] for name in row.parents)
        for recipe in row.recipes:
            name = f"{parents[0].name}_{recipe}"
            if name in entries:
                raise ValueError(f"{half}: {name} stands twice in the table of descendants")
            entries[name] = _descendant_entry(name, half, RECIPES[recipe], parents)
    return entries


def _base_entry(base: Base, half: Half) -> Entry:
    described = {**{key: getattr(base, key) for key in Base.__slots__}, "config": dict(base.config)}
    return Entry(base.name, half, base, None, (), _digest(described, ()))


def _descendant_entry(name: str, half: Half, recipe: Recipe, parents: tuple[Entry, ...]) -> Entry:
    made = {"change": repr(recipe.change), "training": recipe.training and asdict(recipe.training), "name": name}
    return Entry(name, half, parents[0].base, recipe, parents, _digest(made, parents))


def _digest(described: Mapping[str, object], parents: tuple[Entry, ...]) -> str:
    constants = {"making": MAKING, "context": CONTEXT, "sequences": SEQUENCES}
    whole = {**described, **constants, "parents": [parent.digest for parent in parents]}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
