"""How much of a model another one leaves unexplained, over all that is sketched of it: this orders relatives."""

from __future__ import annotations

from collections import defaultdict

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import SKETCHES
from lineage_audit.library.fingerprint.vectors import SKETCHED, UnitVectors


def unexplained_share(comparison: WeightComparison, b: UnitVectors) -> float | None:
    """Share of B's sketched weights that A leaves unexplained; what has no related counterpart counts whole."""
    measured: dict[tuple[int | None, Role], list[Measurement]] = defaultdict(list)
    for one in comparison.matrices():
        tensor = one.pair.b
        measured[tensor.layer, Role.V if tensor.role == Role.V_B else tensor.role].append(one)
    left = whole = 0.0
    for layer in b.fingerprint.layers:
        for part, role in SKETCHED:
            block = b.block(layer.layer, part)
            if block is not None and role in block.roles:
                parameters = max(1, sum(tensor.size for tensor in b.tensors(layer.layer, role)))
                left += parameters * _left(measured.get((layer.layer, role), []))
                whole += parameters
    return left / whole if measured and whole else None


def _left(parts: list[Measurement]) -> float:
    """Squared distance of what has one length, one at most."""
    correlation = sum((part.correlation or 0.0) * part.weight for part in parts) / max(
        1, sum(part.weight for part in parts)
    )
    return min(1.0, 2.0 - 2.0 * correlation) if correlation >= SKETCHES.related_cosine else 1.0
