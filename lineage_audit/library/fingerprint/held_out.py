"""Calibrated evidence: do matched FFN units agree in the sketches that the matching never saw?"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.held_out import HeldOutLayer
from lineage_audit.comparison.evidence.held_out import cosine_evidence
from lineage_audit.library.fingerprint.vectors import Correspondence
from lineage_audit.results import Evidence


def measure_held_out(found: Correspondence) -> Evidence:
    """Mean |cosine| of matched units' down columns, and of their up rows where gate rows proposed."""
    layers = []
    for pair in found.pairs:
        gated = found.cosines(pair, "units", Role.GATE) is not None
        roles = (Role.UP, Role.DOWN) if gated else (Role.DOWN,)
        parts = [cosines for role in roles if (cosines := found.cosines(pair, "units", role)) is not None]
        values = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        layers.append(HeldOutLayer(pair.b, values[np.isfinite(values)].astype(np.float32), np.empty(0, bool)))
    return cosine_evidence(layers, what="sketches")
