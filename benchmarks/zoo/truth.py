"""What is true of two models of the zoo, worked out from how they were made and from nothing else.

Weights pass from parent to child in every recipe but distillation. So two models are

- ``derived`` if one is among the other's ancestors, or if a common ancestor left its mark on both;
- ``identical`` if nothing but names and fusions lies between them;
- ``shared-origin`` if their bases started from one initialisation and were trained apart;
- ``independent`` otherwise.

Numbers and signs can be given back, so a model and its relabelled copy have no direction; folding norms cannot be
undone, since the gains are lost. Two models made of one base, neither of the other, have no direction either, unless
one of them is that base in another form, relabelled or rounded: it stands for the base.

Where two answers are both true, both are accepted: a permuted model is the same model in another order, and siblings
share an origin as well as training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.zoo.catalogue import Entry
from benchmarks.zoo.disguises.registry import DISGUISES
from benchmarks.zoo.recipes import Cast, Disguised, Merged, Quantized, Recipe
from lineage_audit.results import Direction, OperationKind, Relation


@dataclass(frozen=True, slots=True)
class Truth:
    """What an audit of a pair should say.

    Attributes:
        relation: the plainest right answer.
        accepted: every right answer.
        direction: who came first; undetermined where neither did.
        operations: what it must name.
        also: what it may name besides, since it is true.
    """

    relation: Relation
    accepted: frozenset[Relation]
    direction: Direction
    operations: tuple[OperationKind, ...] = ()
    also: tuple[OperationKind, ...] = ()


def truth_of(a: Entry, b: Entry, named_parents: Sequence[Entry] = ()) -> Truth:
    """Return what is true of models A and B when an audit is told of further parents of the younger one."""
    if (steps := steps_between(a, b)) is not None:
        return _descent(steps, "a->b", named_parents)
    if (steps := steps_between(b, a)) is not None:
        return _descent(steps, "b->a", named_parents)
    if common := nearest_common_ancestor(a, b):
        return _kin(steps_between(common, a) or (), steps_between(common, b) or ())
    if _initialisations(a) & _initialisations(b):
        also = _kinds(kinds for entry in (a, b) for kinds in _operations_since_birth(entry))
        return Truth("shared-origin", frozenset({"shared-origin"}), "undetermined", also=also)
    return Truth("independent", frozenset({"independent"}), "undetermined")


def steps_between(ancestor: Entry, descendant: Entry) -> tuple[Entry, ...] | None:
    """Return the models made on the shortest way from an ancestor, itself left out; None if it is none."""
    if ancestor == descendant:
        return ()
    ways = [way for parent in descendant.weight_parents if (way := steps_between(ancestor, parent)) is not None]
    return (*min(ways, key=len), descendant) if ways else None


def ancestors(entry: Entry) -> dict[str, Entry]:
    """Return the model itself and all whose weights it holds some of, by name."""
    found = {entry.name: entry}
    for parent in entry.weight_parents:
        found |= ancestors(parent)
    return found


def nearest_common_ancestor(a: Entry, b: Entry) -> Entry | None:
    """Return the common ancestor with the fewest steps to both, or None."""
    others = ancestors(b)
    common = [entry for name, entry in ancestors(a).items() if name in others]
    return min(common, key=lambda entry: _distance(entry, a) + _distance(entry, b), default=None)


def _distance(ancestor: Entry, descendant: Entry) -> int:
    return len(steps_between(ancestor, descendant) or ())


def _initialisations(entry: Entry) -> set[int]:
    """The seeds of the random weights that the model goes back to."""
    return {ancestor.base.initial_seed for ancestor in ancestors(entry).values() if ancestor.recipe is None}


def _operations_since_birth(entry: Entry) -> Iterator[Sequence[OperationKind]]:
    """What was done to a model and its ancestors, and what may be said of it besides."""
    for recipe in _recipes(tuple(ancestors(entry).values())):
        yield from (recipe.operations, recipe.also)


def _descent(steps: Sequence[Entry], direction: Direction, named_parents: Sequence[Entry]) -> Truth:
    recipes = _recipes(steps)
    required = _kinds(recipe.operations for recipe in recipes)
    also = _kinds(recipe.also for recipe in recipes)
    if any(isinstance(recipe.change, Merged) for recipe in recipes) and not named_parents:
        # From one parent alone a merge is a fine-tune like any other.
        required, also = tuple(kind for kind in required if kind != "merged"), (*also, "merged")
    relation, accepted = _closeness(recipes)
    if relation == "identical" or all(_is_relabelling(recipe) for recipe in recipes):
        direction = "undetermined"
    return Truth(relation, accepted, direction, required, also)


def _kin(to_a: Sequence[Entry], to_b: Sequence[Entry]) -> Truth:
    recipes_a, recipes_b = _recipes(to_a), _recipes(to_b)
    both = (*recipes_a, *recipes_b)
    also = _kinds(kinds for recipe in both for kinds in (recipe.operations, recipe.also))
    relation, accepted = _closeness(both)
    if relation == "derived" and "identical" not in accepted:
        accepted = frozenset[Relation]({"derived", "shared-origin"})
        far = any(recipe.far for recipe in recipes_a) and any(recipe.far for recipe in recipes_b)
        relation = "shared-origin" if far else "derived"
    return Truth(relation, accepted, _direction_of_kin(recipes_a, recipes_b), (), also)


def _direction_of_kin(recipes_a: Sequence[Recipe], recipes_b: Sequence[Recipe]) -> Direction:
    """A base in another form stands for the base: what was made of the base fits it as well, and it fits nothing else.

    Relabelled it is the base still; rounded it holds the base to within its rounding, and of two roundings the coarser
    can be had from the finer and not the other way round. Neither is asked of what the files turned out to be.
    """
    bits_a, bits_b = _bits_of_the_base(recipes_a), _bits_of_the_base(recipes_b)
    if bits_a == bits_b:
        return "undetermined"
    return "a->b" if bits_a > bits_b else "b->a"


def _bits_of_the_base(recipes: Sequence[Recipe]) -> float:
    """How many bits of every weight of the common ancestor a model holds; none where more was done than to round."""
    if not all(_is_relabelling(recipe) or isinstance(recipe.change, Cast | Quantized) for recipe in recipes):
        return 0
    return min((_bits_left(recipe) for recipe in recipes), default=math.inf)


def _bits_left(recipe: Recipe) -> float:
    """Significant bits that a change of form leaves; a grid over a whole row spends some on its largest value."""
    if isinstance(recipe.change, Quantized):
        return recipe.change.bits - 1
    return _SIGNIFICANT_BITS[recipe.change.dtype] if isinstance(recipe.change, Cast) else math.inf


_SIGNIFICANT_BITS = {"float32": math.inf, "float16": 11, "bfloat16": 8}
"""Of the types that models are cast to; none of the zoo holds more than single precision."""


def _closeness(recipes: Sequence[Recipe]) -> tuple[Relation, frozenset[Relation]]:
    """Identical if only names and fusions changed; derived or identical if the weights only changed their form."""
    if all(_is_naming(recipe) for recipe in recipes):
        return "identical", frozenset({"identical"})
    if all(isinstance(recipe.change, Disguised | Cast) for recipe in recipes):
        return "derived", frozenset({"derived", "identical"})
    return "derived", frozenset({"derived"})


def _is_naming(recipe: Recipe) -> bool:
    return isinstance(recipe.change, Disguised) and not DISGUISES[recipe.change.disguise].steps


def _is_relabelling(recipe: Recipe) -> bool:
    """Whether another relabelling undoes the change, so that nothing in the weights says which came first."""
    if not isinstance(recipe.change, Disguised):
        return False
    return "norms-folded" not in DISGUISES[recipe.change.disguise].operations


def _recipes(steps: Sequence[Entry]) -> tuple[Recipe, ...]:
    return tuple(step.recipe for step in steps if step.recipe)


def _kinds(groups: Iterable[Sequence[OperationKind]]) -> tuple[OperationKind, ...]:
    """Each kind once, in order."""
    return tuple(dict.fromkeys(kind for group in groups for kind in group))
