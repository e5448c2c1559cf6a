"""Standard deviations of q, k, v and o over depth ("σ-curves"), held against Pangu Pro in July 2025."""

from __future__ import annotations

import numpy as np

from benchmarks.zoo.baselines.reading import by_layer
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role


def sigma_curve_correlation(a: Checkpoint, b: Checkpoint) -> float | None:
    """Return the mean Pearson correlation of the four curves; None where the models differ in depth."""
    correlations = []
    for role in (Role.Q, Role.K, Role.V, Role.O):
        first, second = (np.array([values.std() for values in by_layer(model, role)]) for model in (a, b))
        if len(first) != len(second) or len(first) < 3 or not (first.std() and second.std()):
            return None
        correlations.append(float(np.corrcoef(first, second)[0, 1]))
    return float(np.mean(correlations))
