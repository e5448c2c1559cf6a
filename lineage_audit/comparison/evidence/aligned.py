"""The tests again, after an alignment gave every unit its counterpart.

Exact ones stay exact as long as nothing that was aligned saw a sign: the residual map is fitted on embeddings alone,
layers and FFN units are chosen by the sizes of gate cosines, heads by sizes. Numbers of units are what the alignment
fitted, so those tests are not repeated; signs of channels are tested with those undone that it fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lineage_audit.comparison.evidence import (
    channel_signs,
    ffn_signs,
    mixer_signs,
    norm_gains,
    query_key_signs,
    value_output_signs,
)
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.reading.measurement import FloatArray
from lineage_audit.results import Evidence

SIGN_TESTS: tuple[Callable[[WeightComparison], Evidence], ...] = (
    ffn_signs.measure,
    value_output_signs.measure,
    query_key_signs.measure,
    mixer_signs.measure,
)


def gather_aligned_evidence(comparison: WeightComparison, fitted: FloatArray | None) -> tuple[Evidence, ...]:
    """Run the tests that an alignment leaves valid, on measurements made after it.

    Args:
        comparison: the measurements.
        fitted: the signs of channels that embeddings gave, where those found each channel another one.
    """
    channels = () if fitted is None else (channel_signs.measure_undone(comparison, fitted),)
    return tuple(map(_renamed, (*(test(comparison) for test in (*SIGN_TESTS, norm_gains.measure)), *channels)))


def _renamed(evidence: Evidence) -> Evidence:
    """The same evidence under the aligned test's id."""
    return replace(
        evidence,
        test_id=f"aligned-{evidence.test_id}",
        question=f"After alignment: {evidence.question[0].lower()}{evidence.question[1:]}",
    )
