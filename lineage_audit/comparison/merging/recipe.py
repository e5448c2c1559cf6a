"""A mergekit configuration that makes the child again.

Written by hand as YAML, every model reference as a JSON string (which YAML reads as it stands), so that a name can
neither break the file nor say anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from lineage_audit.results import LayerSource, MergeMethod

_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16", "F64": "float64"}
_NAMES: Mapping[str, str] = {
    "linear": "linear",
    "slerp": "slerp",
    "task-arithmetic": "task_arithmetic",
    "ties": "ties",
    "dare-linear": "dare_linear",
    "dare-ties": "dare_ties",
    "magnitude-pruned": "breadcrumbs",
    "breadcrumbs": "breadcrumbs",
    "breadcrumbs-ties": "breadcrumbs_ties",
    "passthrough": "passthrough",
}
_BREADCRUMBS = frozenset({"magnitude-pruned", "breadcrumbs", "breadcrumbs-ties"})
"""Methods that are told which share of the largest elements to drop."""

_SPARSE = frozenset({"ties", "dare-linear", "dare-ties"}) | _BREADCRUMBS
_TO_A_BASE = _SPARSE | {"task-arithmetic"}
_NORMALISED = frozenset({"ties"})
"""Methods that normalise weights unless told otherwise."""


class RecipeSetting(Struct, frozen=True):
    """A number of a recipe: one for all, or others for tensors whose names hold a word, by layer.

    Attributes:
        value: the number for everything else.
        by_word: word -> numbers by layer (one number where it is the same in all, or the word stands outside them).
    """

    value: float
    by_word: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def at(self, name: str, layer: int | None) -> float:
        """The number for a tensor of that name and layer."""
        numbers = next((numbers for word, numbers in self.by_word if word in name), (self.value,))
        return numbers[layer or 0] if len(numbers) > 1 else numbers[0]


class Recipe(Struct, frozen=True):
    """What a merge was told.

    Attributes:
        method: how it was merged.
        parents: references of the parents.
        base: reference of the base, or None.
        dtype: the child's stored type.
        weights: one setting a parent; for SLERP the second's is the share of the angle.
        densities: one a parent, or empty.
        outliers: share of the largest elements that is dropped, one a parent, or empty.
        lambda_: what the merged delta is scaled by.
        normalized: whether weights are normalised, or None where the method does not ask.
        layers: for a passthrough the source of every layer, and the references of the sources.
    """

    method: MergeMethod
    parents: tuple[str, ...]
    base: str | None
    dtype: str
    weights: tuple[RecipeSetting, ...] = ()
    densities: tuple[float, ...] = ()
    outliers: tuple[float, ...] = ()
    lambda_: float = 1.0
    normalized: bool | None = None
    layers: tuple[LayerSource, ...] = ()


def write_recipe(recipe: Recipe) -> str | None:
    """The recipe as YAML, or None for a method that is not known."""
    if recipe.method not in _NAMES:
        return None
    body = _slices(recipe) if recipe.method == "passthrough" else _models(recipe)
    return "\n".join([*body, f"merge_method: {_NAMES[recipe.method]}", *_rest(recipe)]) + "\n"


def _slices(recipe: Recipe) -> Iterator[str]:
    references = recipe.parents if recipe.base is None else (*recipe.parents, recipe.base)
    yield "slices:"
    for first, count in runs(recipe.layers):
        yield "  - sources:"
        yield f"      - model: {json.dumps(references[first.source])}"
        yield f"        layer_range: [{first.layer}, {first.layer + count}]"


def runs(layers: Sequence[LayerSource]) -> list[tuple[LayerSource, int]]:
    """Layers that follow each other in one source, as the first of each run and its length."""
    found: list[tuple[LayerSource, int]] = []
    for layer in layers:
        first, count = found[-1] if found else (None, 0)
        if first and layer == LayerSource(first.source, first.layer + count):
            found[-1] = (first, count + 1)
        else:
            found.append((layer, 1))
    return found


def _models(recipe: Recipe) -> Iterator[str]:
    yield "models:"
    for number, parent in enumerate(recipe.parents):
        yield f"  - model: {json.dumps(parent)}"
        if recipe.method != "slerp":
            yield "    parameters:"
            yield from _setting("weight", recipe.weights[number], 6)
            if recipe.method in _SPARSE:
                yield f"      density: {recipe.densities[number]:.4g}"
            if recipe.method in _BREADCRUMBS:
                yield f"      gamma: {recipe.outliers[number]:.4g}"


def _rest(recipe: Recipe) -> Iterator[str]:
    if recipe.method == "slerp":
        yield f"base_model: {json.dumps(recipe.parents[0])}"
        yield "parameters:"
        yield from _setting("t", recipe.weights[1], 2)
    elif recipe.method in _TO_A_BASE and recipe.base is not None:
        yield f"base_model: {json.dumps(recipe.base)}"
        yield from _parameters(recipe)
    yield f"dtype: {_DTYPES.get(recipe.dtype, 'bfloat16')}"


def _parameters(recipe: Recipe) -> Iterator[str]:
    lines = []
    if recipe.normalized is not None and recipe.normalized != (recipe.method in _NORMALISED):
        lines.append(f"  normalize: {str(recipe.normalized).lower()}")
    if abs(recipe.lambda_ - 1) > 0.01:
        lines.append(f"  lambda: {recipe.lambda_:.4g}")
    if lines:
        yield "parameters:"
        yield from lines


def _setting(name: str, setting: RecipeSetting, indent: int) -> Iterator[str]:
    """One parameter, with a filter for every word that has numbers of its own."""
    margin = " " * indent
    if not setting.by_word:
        yield f"{margin}{name}: {setting.value:.4g}"
        return
    yield f"{margin}{name}:"
    for word, values in setting.by_word:
        yield f"{margin}  - filter: {json.dumps(word)}"
        yield f"{margin}    value: {_numbers(values)}"
    yield f"{margin}  - value: {setting.value:.4g}"


def _numbers(values: Sequence[float]) -> str:
    written = [f"{value:.4g}" for value in values]
    return written[0] if len(set(written)) == 1 else f"[{', '.join(written)}]"
