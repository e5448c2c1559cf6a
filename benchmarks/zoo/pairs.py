"""Which pairs of models are reported, and what is true of each.

Every descendant stands against each of its parents and, two steps on, against its base; against the unrelated second
seed of its family; the fully disguised ones against each other across seeds; all bases against all. Of the kin, of
the models of one initialisation and of the pairs across families a fixed sample is drawn. Which of the two is model
A is drawn as well: about every third time the descendant.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product
from typing import Literal

from benchmarks.zoo.catalogue import Entry, Half, catalogue
from benchmarks.zoo.recipes import Distilled, Merged
from benchmarks.zoo.truth import Truth, steps_between, truth_of

Kinship = Literal["descent", "kin", "one-initialisation", "unrelated"]

KIN_DRAWN: Mapping[Half, int] = {"threshold": 50, "report": 50, "siblings": 4}
"""One in so many pairs of descendants of one base is reported."""
ORIGINS_DRAWN = 4
"""One in so many descendants is held against the model that shares its base's initialisation."""
CROSS_FAMILY_DRAWN = 8
"""One in so many descendants is held against a given base of another family."""
TWICE_DRAWN = 5
"""One in so many pairs is reported in both orders."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two models, in the order in which they are compared.

    Attributes:
        a: model A.
        b: model B.
        kinship: why the pair is reported.
        named_parents: further parents that the audit is told of.
    """

    a: Entry
    b: Entry
    kinship: Kinship
    named_parents: tuple[Entry, ...] = ()

    @property
    def truth(self) -> Truth:
        """What is true of the pair."""
        return truth_of(self.a, self.b, self.named_parents)


def pairs(half: Half) -> tuple[Pair, ...]:
    """Return the pairs of a half, each order of each pair once."""
    entries = catalogue(half)
    found: dict[tuple[str, str], Pair] = {}
    for pair in (*_descents(entries), *_kin(entries, KIN_DRAWN[half]), *_origins(entries), *_unrelated(entries)):
        for ordered in _orders(pair):
            found.setdefault((ordered.a.name, ordered.b.name), ordered)
    return tuple(found.values())


def _descents(entries: Mapping[str, Entry]) -> Iterator[Pair]:
    """Each descendant with each parent, and with the base where that is further back."""
    for entry in entries.values():
        for parent in entry.weight_parents:
            yield Pair(parent, entry, "descent", _merged_with(parent, entry))
        if any(parent.recipe for parent in entry.weight_parents[:1]):
            yield Pair(entries[entry.base.name], entry, "descent")


def _merged_with(parent: Entry, entry: Entry) -> tuple[Entry, ...]:
    """The models that were merged, where the parent is the ancestor of all of them."""
    is_merge = entry.recipe and isinstance(entry.recipe.change, Merged)
    return entry.parents[1:] if is_merge and parent == entry.parents[0] else ()


def _kin(entries: Mapping[str, Entry], one_in: int) -> Iterator[Pair]:
    """Descendants of one base of which neither is the other's ancestor."""
    for first, second in combinations(entries.values(), 2):
        same_base = first.base == second.base and first.recipe and second.recipe
        if same_base and _drawn(f"kin {first.name} {second.name}", one_in):
            apart = steps_between(first, second) is None and steps_between(second, first) is None
            if apart and truth_of(first, second).relation in ("derived", "shared-origin"):
                yield Pair(first, second, "kin")


def _origins(entries: Mapping[str, Entry]) -> Iterator[Pair]:
    """A model trained elsewhere from the same initial weights, with the base and some of its descendants."""
    for elsewhere in entries.values():
        if not elsewhere.name.endswith("-elsewhere"):
            continue
        name = elsewhere.name.removesuffix("-elsewhere")
        for entry in entries.values():
            is_base = entry.name == name
            drawn = entry.base.name == name and _drawn(f"origin {entry.name}", ORIGINS_DRAWN)
            if (is_base or drawn) and truth_of(elsewhere, entry).relation == "shared-origin":
                yield Pair(elsewhere, entry, "one-initialisation")


def _unrelated(entries: Mapping[str, Entry]) -> Iterator[Pair]:
    """Bases with bases, descendants with the other seed, disguised with disguised, students with their teacher."""
    bases = [entry for entry in entries.values() if entry.recipe is None]
    hidden = [entry for entry in entries.values() if "_hidden-" in entry.name]
    candidates = [
        *combinations(bases, 2),
        *((base, entry) for base, entry in product(bases, entries.values()) if _is_other_seed(base, entry)),
        *((base, entry) for base, entry in product(bases, entries.values()) if _is_drawn_across(base, entry)),
        *((first, second) for first, second in combinations(hidden, 2) if first.family == second.family),
        *((entry.parents[0], entry) for entry in entries.values() if _is_student(entry)),
    ]
    for first, second in candidates:
        if truth_of(first, second).relation == "independent":
            yield Pair(first, second, "unrelated")


def _is_other_seed(base: Entry, entry: Entry) -> bool:
    return base.family == entry.family and base.base != entry.base and not base.name.endswith("-elsewhere")


def _is_drawn_across(base: Entry, entry: Entry) -> bool:
    drawn = _drawn(f"across {base.name} {entry.name}", CROSS_FAMILY_DRAWN * 14)
    return base.family != entry.family and entry.recipe is not None and drawn


def _is_student(entry: Entry) -> bool:
    return entry.recipe is not None and isinstance(entry.recipe.change, Distilled)


def _orders(pair: Pair) -> Iterator[Pair]:
    names = f"{pair.a.name} {pair.b.name}"
    turned = Pair(pair.b, pair.a, pair.kinship, pair.named_parents)
    twice = _drawn(f"twice {names}", TWICE_DRAWN) and pair.kinship != "unrelated"
    is_swapped = _drawn(f"turned {names}", 3)
    if twice or not is_swapped:
        yield pair
    if twice or is_swapped:
        yield turned


def _drawn(key: str, one_in: int) -> bool:
    """A fixed draw: true for about one key in so many."""
    return zlib.crc32(key.encode()) % one_in == 0
