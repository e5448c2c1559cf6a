"""A recipe's numbers from an explanation: one for all tensors where that will do, by group and layer otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.merging.explanations import Explanation, Material
from lineage_audit.comparison.merging.members import GROUPS
from lineage_audit.comparison.merging.recipe import RecipeSetting
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS
from lineage_audit.results import Share, TensorGroup

BoolArray = npt.NDArray[np.bool_]


_NORM_WORDS = ("norm", "ln")


def settings_of(explanation: Explanation, material: Material, whole: Sequence[Share]) -> tuple[RecipeSetting, ...]:
    """One setting for each parent."""
    by_group = {
        group: _by_layer(explanation, material, mask) for group in GROUPS if (mask := _mask(material, group)).any()
    }
    if not any(_differ(shares, whole) for cells in by_group.values() for shares in cells):
        return tuple(RecipeSetting(share.value) for share in whole)
    words = {group: word for group in by_group if (word := _word_of(material, group))}
    return tuple(
        RecipeSetting(
            share.value,
            tuple((word, _numbers(by_group[group], parent)) for group, word in words.items()),
        )
        for parent, share in enumerate(whole)
    )


def _by_layer(explanation: Explanation, material: Material, mask: BoolArray) -> list[tuple[Share, ...]]:
    """The weights in every layer that a group stands in (once for what stands outside the layers)."""
    layers = np.array([-1 if place.layer is None else place.layer for place in material.places])
    return [explanation.weights_in(mask & (layers == layer)) for layer in np.unique(layers[mask])]


def _numbers(cells: Sequence[tuple[Share, ...]], parent: int) -> tuple[float, ...]:
    """One parent's weights by layer: a single one where the layers agree."""
    found = [cell[parent] for cell in cells if cell]
    if not any(_apart(one, found[0]) for one in found):
        return (float(np.mean([one.value for one in found])),)
    return tuple(one.value for one in found)


def _differ(shares: Sequence[Share], others: Sequence[Share]) -> bool:
    return any(_apart(one, other) for one, other in zip(shares, others, strict=False))


def _apart(one: Share, other: Share) -> bool:
    overlap = one.low <= other.high and other.low <= one.high
    return not overlap and abs(one.value - other.value) > MERGE_METHODS.different


def _mask(material: Material, group: TensorGroup) -> BoolArray:
    return np.array([place.group == group for place in material.places])


def _word_of(material: Material, group: TensorGroup) -> str | None:
    """A part of the stored names that every tensor of a group has and no other tensor; None where there is none."""
    inside = [place.child.name for place in material.places if place.group == group]
    outside = [place.child.name for place in material.places if place.group != group]
    common = reduce(lambda one, other: one & other, (set(name.split(".")) for name in inside))
    words = [*sorted(common - {"weight", "model"}), *(_NORM_WORDS if group == "norms" else ())]
    fitting = (
        word
        for word in words
        if all(word in name for name in inside) and not any(word in name for name in outside) and not word.isdigit()
    )
    return next(fitting, None)
