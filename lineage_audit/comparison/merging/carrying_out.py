"""A recipe is carried out before it is printed: what it makes of some whole tensors is held against the child's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.merging.explanations import ROUNDING_SQUARES
from lineage_audit.comparison.merging.members import CommonPlace, Members
from lineage_audit.comparison.merging.methods import Told, merge_tensor
from lineage_audit.comparison.merging.recipe import Recipe
from lineage_audit.comparison.merging.streaming import storage_steps
from lineage_audit.comparison.reading.finite import zero_where_unusable

DoubleArray = npt.NDArray[np.float64]

_ELEMENTS = 32 * 2**20
"""Elements of the child for which a recipe is carried out, in whole tensors; one at least, whatever its size."""


def left_by_recipe(members: Members, places: Sequence[CommonPlace], recipe: Recipe) -> float | None:
    """Share of what there was to explain that a recipe leaves of some tensors, rounding taken off.

    Returns:
        The share, or None where a draw decides what a method keeps, so that it cannot be carried out again.
    """
    left = there_was = 0.0
    for place in _chosen(places):
        child = _values(members.child, place.child)
        sources = [_values(*one) for one in zip(members.sources, place.sources, strict=True)]
        base = sources.pop() if members.base is not None else None
        parents = np.stack(sources)
        made = merge_tensor(_told(recipe, place), parents, base)
        if made is None:
            return None
        stored = round_to(made.astype(np.float32), place.child.dtype).astype(np.float64)
        rounding = ROUNDING_SQUARES * float(np.square(storage_steps(child, place.child.dtype)).sum())
        left += max(0.0, float(np.square(stored - child).sum()) - rounding)
        there_was += float(np.square(child - (parents.mean(axis=0) if base is None else base)).sum())
    return left / there_was if there_was > 0 else 0.0


def _chosen(places: Sequence[CommonPlace]) -> list[CommonPlace]:
    """Matrices of every kind of tensor in turn, the small ones first, as many as there is room for."""
    matrices = sorted((place for place in places if len(place.child.shape) > 1), key=lambda place: place.child.size)
    held = 0
    chosen: list[CommonPlace] = []
    for place in matrices:
        held += place.child.size
        if chosen and held > _ELEMENTS:
            break
        chosen.append(place)
    return chosen


def _values(model: Checkpoint, tensor: TensorRef) -> DoubleArray:
    return zero_where_unusable(model.rows(tensor, 0, tensor.shape[0])).ravel().astype(np.float64)


def _told(recipe: Recipe, place: CommonPlace) -> Told:
    """What the recipe tells its method for one tensor."""
    weights = [setting.at(place.child.name, place.layer) for setting in recipe.weights]
    return Told(
        recipe.method,
        np.array(weights),
        recipe.densities,
        recipe.outliers,
        recipe.lambda_,
        bool(recipe.normalized),
    )
