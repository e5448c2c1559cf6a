"""Norm gains: initialisation or training? What starts constant carries training only.

Gains start at one, so two models of one initialisation trained on different data share none of their deviations,
while a descendant keeps its ancestor's. Gains are centred in each layer and channels are permuted together in all
layers: the sample is the channels, not layers times channels. Never a headline: gains sit near one, so their cosine
is .99 for unrelated models.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import (
    LN10,
    TestDescription,
    WeightComparison,
    not_measured,
    standardised,
    test_result,
)
from lineage_audit.comparison.reading.measurement import DoubleArray, Measurement
from lineage_audit.results import Evidence, LayerEvidence

TEST = TestDescription(
    "norm-gains",
    "Do the norm gains deviate from their start in the same channels?",
    "independent trainings number channels at random; normal approximation to the permutation distribution",
    grade="calibrated",
)

_CHANNEL_NORMS = (Role.ATTN_NORM, Role.POST_ATTN_NORM, Role.FFN_NORM, Role.POST_FFN_NORM, Role.FINAL_NORM)
_LEAST_SPREAD = 1e-4
"""Standard deviation below which gains count as untrained."""


def measure(comparison: WeightComparison) -> Evidence:
    """Correlate centred gains over channels, pooled over norms, against permutations of channels."""
    norms = [part for part in comparison.measurements.values() if _is_channel_norm(part)]
    if not norms:
        return not_measured(TEST, "skipped", "no norm gains were compared")
    trained = [part for part in norms if _spread(part.kept_a) > _LEAST_SPREAD and _spread(part.kept_b) > _LEAST_SPREAD]
    channels = {len(part.kept_b) for part in trained}
    if len(channels) != 1:
        return not_measured(TEST, "not-applicable", "the norm gains were not trained (all equal)")
    gains_a = np.stack([standardised(part.kept_a) for part in trained])
    gains_b = np.stack([standardised(part.kept_b) for part in trained])
    correlation, z = permutation_z(gains_a, gains_b)
    return test_result(
        TEST,
        statistic=z,
        log10_p=normal_log10_tail(z),
        effect=correlation,
        finding=f"centred gains of {len(trained):,} norms correlate at {correlation:.2f} over "
        f"{next(iter(channels)):,} channels; chance gives 0",
        count=next(iter(channels)),
        coverage=sum(part.elements for part in trained) / max(1, comparison.parameters),
        per_layer=tuple(
            LayerEvidence(part.pair.b.layer or 0, len(a), float(a @ b), float(a @ b) / len(a), None)
            for part, a, b in zip(trained, gains_a, gains_b, strict=True)
        ),
    )


def permutation_z(a: DoubleArray, b: DoubleArray) -> tuple[float, float]:
    """Mean correlation over rows, and its z-score when columns of ``b`` are permuted together.

    Args:
        a: gains centred and scaled to unit variance in each norm, ``[norms, channels]``.
        b: the same of the other model.

    The statistic is the trace of the channel-by-channel matrix ``aᵀb``; its mean and variance over permutations are
    those of Hoeffding's combinatorial sum (1951). With every norm centred over channels the matrix's row and column
    means vanish, and its squared size is the inner product of the two norm-by-norm Gram matrices.
    """
    norms, channels = a.shape
    trace = float((a * b).sum())
    variance = float(((a @ a.T) * (b @ b.T)).sum()) / max(1, channels - 1)
    z = trace / math.sqrt(variance) if variance > 0 else 0.0
    return trace / (norms * channels), z


def normal_log10_tail(z: float) -> float:
    """log10 of the upper tail of the standard normal; an upper bound (Mills' ratio) where it would underflow."""
    if z <= 0:
        return 0.0
    if z < 30:
        return math.log10(0.5 * math.erfc(z / math.sqrt(2)))
    return (-z * z / 2 - math.log(z * math.sqrt(2 * math.pi))) / LN10


def _is_channel_norm(measured: Measurement) -> bool:
    tensor = measured.pair.b
    return tensor.in_core and tensor.role in _CHANNEL_NORMS and tensor.slot == "weight" and not measured.is_matrix


def _spread(gains: npt.NDArray[np.float32]) -> float:
    return float(gains.std(dtype=np.float64))
