"""Calibrated evidence: do matched FFN units agree in the sketches that the matching never saw?"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.aligned import TEST
from lineage_audit.comparison.evidence.base import not_measured
from lineage_audit.library.fingerprint.vectors import Correspondence
from lineage_audit.results import Evidence, LayerEvidence


def measure_held_out(found: Correspondence) -> Evidence:
    """Mean |cosine| of matched units' down columns, and of their up rows where gate rows proposed."""
    layers = []
    for pair in found.pairs:
        gated = found.cosines(pair, "units", Role.GATE) is not None
        roles = (Role.UP, Role.DOWN) if gated else (Role.DOWN,)
        parts = [cosines for role in roles if (cosines := found.cosines(pair, "units", role)) is not None]
        values = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        values = values[np.isfinite(values)]
        if len(values):
            layers.append((pair.b, values))
    if not layers:
        return not_measured(TEST, "skipped", "no FFN units were matched")
    together = np.concatenate([values for _, values in layers])
    effect = float(together.mean())
    return Evidence(
        test_id=TEST.test_id,
        question=TEST.question,
        status="measured",
        reason=None,
        statistic=effect,
        log10_p=None,
        null=TEST.null,
        grade=TEST.grade,
        effect=effect,
        finding=f"{len(together):,} held-out sketches of matched units have a mean |cosine| of {effect:.3f}",
        count=len(together),
        coverage=0.0,
        detection_limit=None,
        per_layer=tuple(
            LayerEvidence(layer, len(values), float(values.sum()), float(values.mean()), None)
            for layer, values in layers
        ),
    )
