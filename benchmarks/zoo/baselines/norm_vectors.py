"""The cosine of norm gains, held against Solar-Open-100B in January 2026 and withdrawn."""

from __future__ import annotations

import numpy as np

from benchmarks.zoo.baselines.reading import by_layer, cosine
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role


def norm_vector_cosine(a: Checkpoint, b: Checkpoint) -> float | None:
    """Return the mean cosine of the norm gains of the same layers, uncentred as it was done."""
    cosines = [
        cosine(first, second)
        for role in (Role.ATTN_NORM, Role.FFN_NORM)
        for first, second in zip(by_layer(a, role), by_layer(b, role), strict=False)
        if first.shape == second.shape
    ]
    return float(np.mean(cosines)) if cosines else None
