"""Tests of evidence in a line: two sets of weights in, every test's evidence out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.alignment.aligned import AlignedWeights, align_weights
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence import gather_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.results import Evidence
from tests.depth import TIMES
from tests.models import Config, Weights, model

RUNS = 25 * TIMES
"""Independent pairs on which a test's rejections are counted: 25, or 100 with ``--deep``.

Terms that are not independent give p-values of 10^-10 and less, which 25 pairs show as well as 100. How exact levels
are is counted on 100,000 pairs by ``python -m benchmarks.strangers``.
"""


def comparison_by_numbers(a: Checkpoint, b: Checkpoint) -> WeightComparison:
    """Everything read, each number against the same number."""
    pairs = pair_tensors(a, b).pairs
    return comparison_of(a, b, pairs, measure_all(a, b, plan_reading(pairs, "full"), NoProgress()))


def evidence_of(a: Weights, b: Weights, config: Config | None = None) -> dict[str, Evidence]:
    """All tests by number on two models of one configuration, by test id."""
    comparison = comparison_by_numbers(model(a, config), model(b, config))
    return {item.test_id: item for item in gather_evidence(comparison)}


def aligned_of(a: Weights, b: Weights, config: Config | None = None) -> AlignedWeights | None:
    """What the search finds, and its tests."""
    return aligned_models(model(a, config), model(b, config))


def aligned_models(one: Checkpoint, other: Checkpoint) -> AlignedWeights | None:
    """The same of two models, each of a configuration of its own."""
    weights = CanonicalWeights(one), CanonicalWeights(other)
    return align_weights(*weights, comparison_by_numbers(one, other), None, {}, "full", NoProgress())


def log10_p_values(
    pair: Callable[[int], tuple[Weights, Weights]], config: Config | None = None, runs: int = RUNS
) -> dict[str, np.ndarray]:
    """log10 p of every exact test that was measured, over ``runs`` pairs."""
    found: dict[str, list[float]] = {}
    for seed in range(runs):
        for test_id, item in evidence_of(*pair(seed), config).items():
            if item.grade == "exact" and item.log10_p is not None:
                found.setdefault(test_id, []).append(item.log10_p)
    return {test_id: np.array(values) for test_id, values in found.items()}


def most_rejections(runs: int, level: float) -> int:
    """Rejections at ``level`` that an exact test exceeds once in ten thousand such counts."""
    return int(stats.binom.ppf(0.9999, runs, level))


def assert_never_too_often(log10_p: dict[str, np.ndarray]) -> None:
    """Every test rejects at .1, .01 and .001 no more often than its level allows."""
    for test_id, values in log10_p.items():
        for level in (0.1, 0.01, 0.001):
            rejected = int((values <= np.log10(level)).sum())
            assert rejected <= most_rejections(len(values), level), f"{test_id}: {rejected} of {len(values)} at {level}"
