"""MATCH on gated FFNs (Zhu et al., "Independence Tests for Language Models", 2025): do gate and up agree on the units?

Not a valid p-value for models trained on the same data, as the paper's own toy models show; it is here as a score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.zoo.baselines.reading import FloatArray, by_layer
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role

LARGEST = 300.0
"""Scores end here, where floats do."""


def gate_up_match(a: Checkpoint, b: Checkpoint) -> float | None:
    """Return -log10 p: Spearman of the two assignments by layer, Fisher over layers; None without a gate."""
    from scipy.stats import chi2, spearmanr

    statistic, layers = 0.0, 0
    for gates, ups in zip(_layers(a, b, Role.GATE), _layers(a, b, Role.UP), strict=True):
        if gates[0].shape != gates[1].shape:
            return None
        p = float(spearmanr(_assignment(*gates), _assignment(*ups), alternative="greater").pvalue)
        statistic -= 2 * float(np.log(max(p, 1e-300)))
        layers += 1
    return min(LARGEST, float(-chi2.logsf(statistic, 2 * layers) / np.log(10))) if layers else None


def _layers(a: Checkpoint, b: Checkpoint, role: Role) -> list[tuple[FloatArray, FloatArray]]:
    """The matrices of one role in the layers that both models have, if both are gated."""
    is_gated = by_layer(a, Role.GATE) and by_layer(b, Role.GATE)
    return list(zip(by_layer(a, role), by_layer(b, role), strict=False)) if is_gated else []


def _assignment(first: FloatArray, second: FloatArray) -> npt.NDArray[np.intp]:
    """For each row of the first matrix the row of the second that the best one-to-one matching gives it."""
    from scipy.optimize import linear_sum_assignment

    units = [rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12) for rows in (first, second)]
    matched: npt.NDArray[np.intp] = linear_sum_assignment(units[0] @ units[1].T, maximize=True)[1]
    return matched
