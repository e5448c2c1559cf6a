"""Layers that were exchanged for those of another model, and which of the two models they were exchanged in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from lineage_audit.checkpoint.role_table import DUTIES
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.operations.layer_coherence import coherence
from lineage_audit.comparison.verdict.thresholds import LAYER_COHERENCE, REPLACED_LAYERS
from lineage_audit.results import Direction
from lineage_audit.sizes import ranges


def find_replaced_layers(comparison: WeightComparison) -> list[DirectedOperation]:
    """Layers of B that share nothing with A's of the same number, among others that do."""
    by_layer: dict[int, list[float]] = defaultdict(list)
    for part in comparison.matrices():
        layer = part.pair.b.core_layer
        if layer is not None and part.pair.b.role in DUTIES:
            by_layer[layer].append(part.correlation or 0.0)
    strongest = {layer: max(correlations) for layer, correlations in by_layer.items()}
    foreign = sorted(layer for layer, correlation in strongest.items() if correlation < REPLACED_LAYERS.foreign)
    if not foreign or max(strongest.values()) < REPLACED_LAYERS.related:
        return []
    detail = f"layers {ranges(foreign)} of B have no source in A"
    evidence = (
        f"no matrix in them correlates above {REPLACED_LAYERS.foreign}; others reach {max(strongest.values()):.2f}"
    )
    shows, why = _who_was_cut_open(comparison, foreign)
    return [directed("layers-replaced", detail, evidence + why, shows)]


def _who_was_cut_open(comparison: WeightComparison, foreign: Collection[int]) -> tuple[Direction, str]:
    """The model in which the layers that differ were trained with the others came first, if the other has them not."""
    parts = comparison.matrices()
    own_a, own_b = coherence(parts, foreign, "a"), coherence(parts, foreign, "b")
    if (
        own_a is None
        or own_b is None
        or max(own_a, own_b) < LAYER_COHERENCE.coherent
        or min(own_a, own_b) > LAYER_COHERENCE.incoherent
    ):
        return "undetermined", ""
    why = f"; they favour the channels of the other layers at z = {own_a:.1f} in A and {own_b:.1f} in B"
    return ("a->b" if own_a > own_b else "b->a"), why
