"""Who stands next to whom: a spanning tree over distances, corrected where the nearest is no parent.

What a step of training adds is nearly orthogonal to what was there, so that squared distances add up along a path and
a parent is nearer to its child than any sibling of the child is. Three things spoil this, each with its rule here.
Models that differ in form alone lie at distance nothing from each other: one of them stands for all. What was cut out
of a model explains what is left of a third as well as the whole model does: steps that change the shape cost
something. Siblings that were trained alike drift alike at first: where a model is hardly nearer than the one before
it on the way to the centre, the latter is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.verdict.thresholds import TREES
from lineage_audit.library.trees.mixtures import Mixture, on_segments, over_base
from lineage_audit.library.trees.pairs import Pairs

DoubleArray = npt.NDArray[np.float64]


class Link(Struct, frozen=True):
    """Two neighbours; the first is nearer to the centre of the group."""

    inner: int
    outer: int


class Group(Struct, frozen=True):
    """Relatives: their positions, the one in their centre, the links between them, and the merges among them."""

    members: tuple[int, ...]
    centre: int
    links: tuple[Link, ...]
    merges: tuple[Mixture, ...]


def place(pairs: Pairs) -> tuple[Group, ...]:
    """Group all models and link each group's members; the largest group first."""
    cost = costs(pairs)
    classes = _same_classes(pairs)
    speakers = [_speaker(members, pairs) for members in classes]
    groups = []
    for part in _components([_from_speaker(members, cost) for members in classes]):
        members = tuple(sorted(member for number in part for member in classes[number]))
        copies = {speakers[number]: [one for one in classes[number] if one != speakers[number]] for number in part}
        groups.append(_group(members, copies, pairs, cost))
    return tuple(sorted(groups, key=lambda group: (-len(group.members), group.members)))


def _group(members: tuple[int, ...], copies: Mapping[int, Sequence[int]], pairs: Pairs, cost: DoubleArray) -> Group:
    """Link the members of one group: merges stand at the ends, and copies hang on the one that speaks for them."""
    heads = list(copies)
    merges = on_segments(pairs, heads)
    heads = [head for head in heads if head not in {mixture.child for mixture in merges}]
    centre = _centre(heads, members, cost)
    merges += over_base(pairs, heads, centre)
    merged = {mixture.child for mixture in merges}
    parents = _spanning([head for head in heads if head not in merged], centre, cost)
    parents = _from_merges(_reattached(parents, centre, cost), merges, cost)
    links = [Link(parent, child) for child, parent in parents.items()]
    links += [Link(head, copy) for head, others in copies.items() for copy in others]
    return Group(members, centre, tuple(links), merges)


def _from_merges(parents: Mapping[int, int], merges: Sequence[Mixture], cost: DoubleArray) -> dict[int, int]:
    """Hang models that lie far nearer to a merge than to their neighbour on the merge, if they did not go into it."""
    moved = dict(parents)
    for child, parent in parents.items():
        others = [mixture.child for mixture in merges if child not in mixture.parents]
        nearest = min(others, key=lambda merge: cost[child, merge], default=parent)
        if cost[child, nearest] < TREES.made_from_merge * cost[child, parent]:
            moved[child] = nearest
    return moved


def costs(pairs: Pairs) -> DoubleArray:
    """Distances with what operations add, ``[models, models]``."""
    share = 1 + TREES.structure_costs[0] * pairs.structures + TREES.form_costs[0] * pairs.forms
    cost: DoubleArray = (
        pairs.distance * share + TREES.structure_costs[1] * pairs.structures + TREES.form_costs[1] * pairs.forms
    )
    return cost


def _same_classes(pairs: Pairs) -> list[list[int]]:
    """Models that differ in form or by rounding alone, together."""
    linked = (pairs.distance <= TREES.same) & (pairs.structures == 0)
    classes: list[list[int]] = []
    for model in range(len(pairs.distance)):
        found = next((members for members in classes if any(linked[model, one] for one in members)), None)
        if found is None:
            classes.append([model])
        else:
            found.append(model)
    return classes


def _speaker(members: Sequence[int], pairs: Pairs) -> int:
    """The one of a class that lies nearest to everybody, through the fewest operations.

    Rounded copies lie further from the others than those lie from each other; what was disguised is reached through
    more operations, and agrees with the others less, number by number.
    """
    chosen = list(members)
    reached = np.isfinite(pairs.distance[chosen]).any(axis=0)
    operations = TREES.operation_weighs * (pairs.forms + pairs.structures) + pairs.disorder
    distance = (pairs.distance + operations)[chosen][:, reached]
    far = np.where(np.isfinite(distance), distance, TREES.unrelated).sum(axis=1)
    return int(chosen[int(far.argmin())])


def _from_speaker(members: Sequence[int], cost: DoubleArray) -> npt.NDArray[np.bool_]:
    """Which models some member of a class is related to."""
    related = np.asarray(np.isfinite(cost[list(members)]).any(axis=0), dtype=np.bool_)
    related[list(members)] = True
    return related


def _components(related: Sequence[npt.NDArray[np.bool_]]) -> list[list[int]]:
    """Classes that are related directly or through others."""
    parts: list[tuple[npt.NDArray[np.bool_], list[int]]] = []
    for number, reach in enumerate(related):
        joined = [part for part in parts if (part[0] & reach).any()]
        parts = [part for part in parts if not (part[0] & reach).any()]
        whole = np.asarray(np.stack([reach, *(part[0] for part in joined)]).any(axis=0), dtype=np.bool_)
        parts.append((whole, sorted([number, *(one for part in joined for one in part[1])])))
    return [numbers for _, numbers in parts]


def _centre(heads: Sequence[int], members: Sequence[int], cost: DoubleArray) -> int:
    """The head that all members lie nearest to; those without a relation to it count as far."""
    among = cost[np.ix_(heads, members)]
    return int(heads[int(np.where(np.isfinite(among), among, TREES.unrelated).sum(axis=1).argmin())])


def _spanning(heads: Sequence[int], centre: int, cost: DoubleArray) -> dict[int, int]:
    """The cheapest tree over the heads, as each one's neighbour on the way to the centre (Prim's algorithm)."""
    parents: dict[int, int] = {}
    nearest = {head: (cost[head, centre], centre) for head in heads if head != centre}
    while nearest:
        child = min(nearest, key=lambda head: nearest[head])
        parents[child] = nearest.pop(child)[1]
        for head in nearest:
            nearest[head] = min(nearest[head], (cost[head, child], child))
    return parents


def _reattached(parents: Mapping[int, int], centre: int, cost: DoubleArray) -> dict[int, int]:
    """Hang each model on the one before its neighbour, while it is hardly nearer to the neighbour."""
    moved = dict(parents)
    for child in parents:
        while moved[child] != centre:
            before = moved[moved[child]]
            far = cost[child, before]
            if not np.isfinite(far) or cost[child, moved[child]] < TREES.nearly_as_far * far:
                break
            moved[child] = before
    return moved
