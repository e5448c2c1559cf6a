"""Numbers of attention heads (of KV groups, where queries share keys): independent trainings number them at random."""

from __future__ import annotations

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.copies import origins
from lineage_audit.comparison.evidence.matched_labels import LABEL_NULL, fixed_point_evidence, match_rows
from lineage_audit.comparison.reading.measurement import FloatArray, Measurement
from lineage_audit.results import Evidence

TEST = TestDescription("head-fixed-points", "Does each KV head best match the one with its own number?", LABEL_NULL)


def measure(comparison: WeightComparison) -> Evidence:
    """Match the KV heads of every layer by their rows of k and v."""
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    if comparison.heads is None:
        return not_measured(TEST, "skipped", "the head layout is not known")
    layers = [layer for layer, _ in comparison.places(Role.K, Role.V)]
    layouts = [comparison.heads_at(layer) for layer in layers]
    if all(heads is None or heads.kv_heads < 2 for heads in layouts):
        return not_measured(TEST, "not-applicable", "there is one KV head a layer")
    blocks, elements = [], 0
    copies = origins([comparison.find(Role.K, layer) for layer in layers])
    for number, (layer, heads) in enumerate(zip(layers, layouts, strict=True)):
        key, value = comparison.find(Role.K, layer), comparison.find(Role.V, layer)
        if (
            copies[number][0] == number  # copies in both models number their heads alike
            and heads
            and heads.kv_heads > 1
            and key
            and value
            and _has_heads(key, heads.head_dim, heads.kv_heads)
            and _has_heads(value, heads.value_dim, heads.kv_heads)
        ):
            blocks.append(match_rows(layer, [_of_heads(part, heads.kv_heads) for part in (key, value)]))
            elements += key.kept_b.size + value.kept_b.size
    if not blocks:
        return not_measured(TEST, "skipped", "it needs every row of k and v, and only a sample was read")
    return fixed_point_evidence(TEST, "KV heads", blocks, comparison, elements)


def _has_heads(measured: Measurement, dim: int, heads: int) -> bool:
    """Tell whether every row was kept, and the layer has so many heads."""
    return len(measured.kept_b) == measured.pair.b.shape[0] == dim * heads


def _of_heads(measured: Measurement, heads: int) -> tuple[FloatArray, FloatArray]:
    """Every head of A and of B, each one long vector."""
    return measured.kept_a.reshape(heads, -1), measured.kept_b.reshape(heads, -1)
