"""Take a merge apart: which named parents went into it, by which method, with which weights, and what is left."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.merging import algebra, wording
from lineage_audit.comparison.merging.carrying_out import left_by_recipe
from lineage_audit.comparison.merging.choosing import explain, unexplained
from lineage_audit.comparison.merging.explanations import Explanation, Material, dtype_of, gather
from lineage_audit.comparison.merging.members import GROUPS, Members, covered_share, shared_places
from lineage_audit.comparison.merging.passthrough import TakenTensor, follow_layers
from lineage_audit.comparison.merging.recipe import Recipe, write_recipe
from lineage_audit.comparison.merging.settings import settings_of
from lineage_audit.comparison.merging.sources import NearestLayers, nearest_layers
from lineage_audit.comparison.merging.sparse import SparseExplanation
from lineage_audit.comparison.merging.streaming import measure_grams
from lineage_audit.comparison.metadata.summaries import summarise_model
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.finite import NOTHING, ratio
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS, MERGES
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import MergedPart, Share, Unmixing
from lineage_audit.version import __version__

BoolArray = npt.NDArray[np.bool_]
DoubleArray = npt.NDArray[np.float64]


def unmix_checkpoints(
    child: Checkpoint,
    parents: Sequence[Checkpoint],
    base: Checkpoint | None = None,
    progress: Progress | None = None,
) -> Unmixing:
    """Explain a child by its named parents.

    Raises:
        LineageAuditError: no parent was named, too many were, or nothing can be held against them.
    """
    started = time.perf_counter()
    members = Members(child, tuple(parents), base)
    _require_usable(members)
    layers = nearest_layers(members)
    if layers is not None and _is_stacked(layers):
        return _stacked(members, layers, started)
    places = shared_places(members, _source_layers(layers))
    if not places:
        raise LineageAuditError(
            f"{child.ref}: no tensor stands in the same place and shape in all named models; nothing can be unmixed"
        )
    material = gather(places, measure_grams(members, places, progress), base is not None)
    return _mixed(members, material, explain(members, material), started)


def _require_usable(members: Members) -> None:
    if not members.parents:
        raise LineageAuditError(f"{members.child.ref}: name at least one parent (--parent)")
    if len(members.parents) == 1 and members.base is None:
        raise LineageAuditError(f"{members.child.ref}: one parent alone needs its base beside it (--base)")
    if len(members.sources) > 16:
        raise LineageAuditError(f"{members.child.ref}: {len(members.sources)} models are too many; name 16 at most")


def _is_stacked(layers: NearestLayers) -> bool:
    """Tell whether layers were taken whole: copies of several sources, or of other places."""
    several = len({found.source for found in layers.sources}) > 1
    copied = float(layers.copied.mean()) >= MERGES.least_copied
    return copied and (several or not layers.in_place or bool(layers.copied.all()))


def _source_layers(layers: NearestLayers | None) -> dict[int, int] | None:
    """Where layers of the child are held against layers of other numbers; None for the same ones."""
    if layers is None or layers.in_place:
        return None
    told_apart = layers.distances <= MERGES.layer_margin * layers.runners_up
    if told_apart.mean() < MERGES.least_copied:
        return None
    return {layer: found.layer for layer, found in enumerate(layers.sources)}


def _mixed(members: Members, material: Material, explanation: Explanation, started: float) -> Unmixing:
    """The result where every tensor holds something of several parents."""
    everything = np.ones(len(material.places), dtype=bool)
    weights, left = explanation.weights_in(everything), unexplained(explanation, material)
    known = left <= MERGE_METHODS.unexplained
    sparse = explanation if isinstance(explanation, SparseExplanation) else None
    collinear = algebra.collinear_pairs(material.totals.sum(axis=0), material.has_base)
    method = explanation.method if known else "unknown"
    related = known or _nearest_correlation(material) >= MERGES.strangers
    densities = tuple(map(float, sparse.sparsity.densities)) if sparse and known else ()
    outliers = tuple(map(float, sparse.sparsity.outliers)) if sparse and known else ()
    recipe = Recipe(
        method,
        tuple(parent.ref for parent in members.parents),
        members.base.ref if members.base else None,
        dtype_of(material.places),
        settings_of(explanation, material, weights) if known else (),
        densities,
        outliers,
        sparse.factor if sparse else 1.0,
        sparse.normalized if sparse else None,
    )
    covered = covered_share(members, material.places)
    # a draw cannot be made again: what the child's own draw leaves then tells
    remains = (left_by_recipe(members, material.places, recipe) if known else None) or left
    gives = remains <= MERGE_METHODS.gives_the_child
    return Unmixing(
        tool_version=__version__,
        child=summarise_model(members.child),
        parents=tuple(map(summarise_model, members.parents)),
        base=summarise_model(members.base) if members.base else None,
        method=method,
        summary=wording.summary(members, method, weights, left) if related else wording.STRANGERS,
        weights=weights if related else (),
        densities=densities,
        lambda_=sparse.factor if sparse and known else None,
        normalized=sparse.normalized if sparse and known else None,
        residual=float(np.sqrt(ratio(explanation.residuals.sum(), float(material.sizes.sum())))),
        unexplained=left,
        parts=_parts(material, explanation) if related else (),
        layers=_layers(material, explanation) if related else (),
        collinear=collinear,
        compared_share=covered,
        recipe=write_recipe(recipe) if related and gives else None,
        caveats=(
            (*wording.caveats(members, method, left, covered, collinear), *wording.recipe_caveats(remains, gives))
            if related
            else wording.STRANGERS_CAVEATS
        ),
        seconds=time.perf_counter() - started,
    )


def _nearest_correlation(material: Material) -> float:
    """How strongly the child correlates in place with the named model that is most like it, over all matrices."""
    matrices = np.array([len(place.child.shape) > 1 for place in material.places])
    added = material.totals[matrices].sum(axis=0)
    whole = np.eye(len(added))
    whole[:, -1] = 1.0  # every vector but the last is a difference from the last
    inner = whole @ added @ whole.T
    sizes = np.sqrt(np.maximum(np.diagonal(inner), NOTHING))
    return float((inner[0, 1:] / (sizes[0] * sizes[1:])).max())


def _parts(material: Material, explanation: Explanation) -> tuple[MergedPart, ...]:
    groups = np.array([place.group for place in material.places])
    return tuple(
        _part(material, explanation, groups == group, group, None) for group in GROUPS if (groups == group).any()
    )


def _layers(material: Material, explanation: Explanation) -> tuple[MergedPart, ...]:
    numbers = np.array([-1 if place.layer is None else place.layer for place in material.places])
    return tuple(
        _part(material, explanation, numbers == layer, f"layer {layer}", int(layer))
        for layer in np.unique(numbers[numbers >= 0])
    )


def _part(material: Material, explanation: Explanation, chosen: BoolArray, name: str, layer: int | None) -> MergedPart:
    left, rounding = float(explanation.residuals[chosen].sum()), float(material.rounding[chosen].sum())
    there_was = float(material.to_explain[chosen].sum())
    return MergedPart(
        name=name,
        layer=layer,
        parameters=sum(place.child.size for place, one in zip(material.places, chosen, strict=True) if one),
        weights=explanation.weights_in(chosen) if _parents_differ(material, chosen) else (),
        residual=float(np.sqrt(ratio(left, float(material.sizes[chosen].sum())))),
        unexplained=max(0.0, left - rounding) / there_was if there_was > rounding else 0.0,
    )


def _parents_differ(material: Material, chosen: BoolArray) -> bool:
    """Tell whether every parent's delta is more than rounding in some places."""
    total = material.totals[chosen].sum(axis=0)
    deltas = np.diagonal(total)[1:-1]
    return bool((deltas > 4 * float(material.rounding[chosen].sum())).all())


def _stacked(members: Members, layers: NearestLayers, started: float) -> Unmixing:
    """The result where every layer was taken whole."""
    taken = follow_layers(members, layers)
    left, size = sum(one.residual for one in taken), sum(one.size for one in taken)
    count = len(members.parents)
    weights = tuple(_held(taken, number) for number in range(count))
    places = [one.place for one in taken]
    recipe = Recipe(
        "passthrough",
        tuple(parent.ref for parent in members.parents),
        members.base.ref if members.base else None,
        dtype_of(places),
        layers=layers.sources,
    )
    covered = covered_share(members, places)
    unexplained_share = ratio(left, size)
    gives = unexplained_share <= MERGE_METHODS.gives_the_child
    return Unmixing(
        tool_version=__version__,
        child=summarise_model(members.child),
        parents=tuple(map(summarise_model, members.parents)),
        base=summarise_model(members.base) if members.base else None,
        method="passthrough",
        summary=wording.stacked_summary(members, layers.sources),
        weights=weights,
        densities=(),
        lambda_=None,
        normalized=None,
        residual=float(np.sqrt(ratio(left, size))),
        unexplained=unexplained_share,
        parts=tuple(
            _stacked_part([one for one in taken if one.place.group == group], group, None, None, count)
            for group in GROUPS
            if any(one.place.group == group for one in taken)
        ),
        layers=tuple(
            _stacked_part([one for one in taken if one.place.layer == layer], f"layer {layer}", layer, layers, count)
            for layer in range(len(layers.sources))
        ),
        collinear=(),
        compared_share=covered,
        recipe=write_recipe(recipe) if gives else None,
        caveats=(
            *wording.caveats(members, "passthrough", unexplained_share, covered, ()),
            *wording.recipe_caveats(unexplained_share, gives),
        ),
        seconds=time.perf_counter() - started,
    )


def _stacked_part(
    taken: Sequence[TakenTensor], name: str, layer: int | None, layers: NearestLayers | None, parents: int
) -> MergedPart:
    left, size = sum(one.residual for one in taken), max(sum(one.size for one in taken), NOTHING)
    return MergedPart(
        name=name,
        layer=layer,
        parameters=sum(one.place.child.size for one in taken),
        weights=tuple(_held(taken, number) for number in range(parents)),
        residual=float(np.sqrt(left / size)),
        unexplained=left / size,
        source=layers.sources[layer] if layers is not None and layer is not None else None,
    )


def _held(taken: Sequence[TakenTensor], source: int) -> Share:
    """The share of parameters that were taken from a source: counted, so without an interval."""
    whole = sum(one.place.child.size for one in taken)
    share = sum(one.place.child.size for one in taken if one.source == source) / max(1, whole)
    return Share(share, share, share)
