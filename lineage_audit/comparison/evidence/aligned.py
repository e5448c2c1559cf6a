"""The tests again, after an alignment gave every unit its counterpart.

Exact ones stay exact as long as nothing that was aligned saw a sign: the residual map is fitted on embeddings alone,
layers and FFN units are chosen by the sizes of gate cosines, heads by sizes. Channel signs and numbers of units are
what the alignment fitted, so those tests are not repeated.

For FFNs without a gate, and where an adversary drew every sign anew, one calibrated measurement remains: how strongly
the matched units agree in rows and columns that the matching never used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence import ffn_signs, norm_gains, query_key_signs, value_output_signs
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.results import Evidence, LayerEvidence

SIGN_TESTS: tuple[Callable[[WeightComparison], Evidence], ...] = (
    ffn_signs.measure,
    value_output_signs.measure,
    query_key_signs.measure,
)

TEST = TestDescription(
    "aligned-unit-cosines",
    "After alignment, do matched units agree where the matching did not look?",
    "none that is exact: independent models agree here too (mean |cosine| up to .2)",
    grade="calibrated",
)


def gather_aligned_evidence(comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Run the tests that an alignment leaves valid, on measurements made after it."""
    tests = tuple(_renamed(test(comparison)) for test in (*SIGN_TESTS, norm_gains.measure))
    return (*tests, measure_held_out(comparison))


def measure_held_out(comparison: WeightComparison) -> Evidence:
    """Mean |cosine| of matched units in down columns (and in up rows where gates proposed)."""
    layers = []
    for layer, expert in comparison.places(Role.UP):
        gated = comparison.find(Role.GATE, layer, expert) is not None
        up, down = comparison.find(Role.UP, layer, expert), comparison.find(Role.DOWN, layer, expert)
        parts = ([up.rows.cosine] if up and gated else []) + ([down.columns.cosine] if down else [])
        values = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        values = values[np.isfinite(values)]
        if len(values):
            layers.append((layer, values))
    if not layers:
        return not_measured(TEST, "skipped", "no FFN units were aligned")
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
        finding=f"{len(together):,} held-out rows and columns of matched units have a mean |cosine| of {effect:.3f}",
        count=len(together),
        coverage=0.0,
        detection_limit=None,
        per_layer=tuple(
            LayerEvidence(layer, len(values), float(values.sum()), float(values.mean()), None)
            for layer, values in layers
        ),
    )


def _renamed(evidence: Evidence) -> Evidence:
    """The same evidence under the aligned test's id."""
    return replace(
        evidence,
        test_id=f"aligned-{evidence.test_id}",
        question=f"After alignment: {evidence.question[0].lower()}{evidence.question[1:]}",
    )
