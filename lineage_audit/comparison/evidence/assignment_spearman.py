"""Spearman correlation of a one-to-one assignment of FFN units with the identity: a published cross-check.

Zhu et al., "Independence Tests for Language Models" (2025): assign B's units to A's by the cosines of their up rows,
correlate the assigned numbers with the units' own, Student t a layer, Fisher's method over layers. The t
distribution is an approximation, so the verdict does not stand on it.
"""

from __future__ import annotations

import math

import numpy as np

from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.evidence.base import (
    LN10,
    TestDescription,
    WeightComparison,
    not_measured,
    test_result,
    unit_rows,
)
from lineage_audit.comparison.reading.finite import NOTHING
from lineage_audit.comparison.symmetries.ffn_blocks import FFN_ROLES
from lineage_audit.results import Evidence, LayerEvidence

TEST = TestDescription(
    "ffn-assignment-spearman",
    "Does a one-to-one assignment of FFN units keep their order?",
    "independent trainings number units at random; Spearman with Student t a layer, Fisher over layers",
    grade="calibrated",
)

_FEWEST_UNITS = 8
_MOST_UNITS = 1024
"""Units of a layer that are assigned; the assignment costs their cube."""


def measure(comparison: WeightComparison) -> Evidence:
    """Assign the units of every FFN and pool the layers."""
    layers = []
    for up in (comparison.find(roles.up, *place) for roles in FFN_ROLES for place in comparison.places(roles.up)):
        if up and len(up.kept_a) >= _FEWEST_UNITS:
            cosines = unit_rows(up.kept_b[:_MOST_UNITS]) @ unit_rows(up.kept_a[:_MOST_UNITS]).T
            assigned = assign(cosines)
            layers.append((up.pair.b.layer or 0, len(assigned), _spearman_with_identity(assigned)))
    if not layers:
        return not_measured(TEST, "skipped", "no FFN units could be compared")
    natural = [_student_log_tail(rho, count) for _, count, rho in layers]
    mean = float(np.mean([rho for _, _, rho in layers]))
    count = sum(count for _, count, _ in layers)
    return test_result(
        TEST,
        statistic=mean,
        log10_p=_fisher_log10(natural),
        effect=mean,
        finding=f"assigned numbers of {count:,} FFN units correlate with their own at {mean:.3f}; chance gives 0",
        count=count,
        coverage=0.0,
        per_layer=tuple(LayerEvidence(layer, count, rho, rho, None) for layer, count, rho in layers),
    )


def _spearman_with_identity(assigned: np.ndarray) -> float:
    """Spearman correlation of a permutation with the identity."""
    n = len(assigned)
    distance = float(np.square(assigned.astype(np.float64) - np.arange(n)).sum())
    return 1.0 - 6.0 * distance / (n * (n * n - 1.0))


def _student_log_tail(rho: float, count: int) -> float:
    """Natural logarithm of the one-sided p-value of a Spearman correlation, by Student's t with n - 2 degrees.

    The tail is half an incomplete beta function, of which this is the series with every ratio taken as the largest:
    an upper bound, close where it counts. Never below 1/n!, the smallest p-value that a permutation of n can have.
    """
    if rho <= 0:
        return 0.0
    half_degrees = (count - 2) / 2.0
    rest = max(1.0 - rho * rho, NOTHING)
    log_beta = math.lgamma(half_degrees) + math.lgamma(0.5) - math.lgamma(half_degrees + 0.5)
    bound = half_degrees * math.log(rest) - math.log(2 * half_degrees * rho) - log_beta
    return max(min(0.0, bound), -math.lgamma(count + 1))


def _fisher_log10(natural: list[float]) -> float:
    """Combine natural log p-values by Fisher's method: the upper tail of a chi-squared with 2k degrees.

    With an even number of degrees the tail is a Poisson sum, taken in logarithms so that it cannot underflow.
    """
    half = -sum(natural)
    if half <= 0:
        return 0.0
    terms = [i * math.log(half) - math.lgamma(i + 1) for i in range(len(natural))]
    top = max(terms)
    return min(0.0, (-half + top + math.log(sum(math.exp(term - top) for term in terms))) / LN10)
