"""Slopes of the weights on each other: what was added in training is orthogonal to the parent.

Then B on A has slope one and A on B less. A sibling that stayed near the parent looks like the parent, and strong
weight decay breaks the rule, so slopes suggest a direction and never decide it.
"""

from __future__ import annotations

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.results import Evidence

TEST = TestDescription(
    "slopes",
    "Is one model the other plus something new?",
    "none: a description of the delta, with no p-value",
    grade="calibrated",
)


def measure(comparison: WeightComparison) -> Evidence:
    """Regress all matrices of B on A's and the other way round, without intercept."""
    matrices = comparison.matrices()
    dot = sum(float(part.rows.dot.sum()) for part in matrices)
    size_a = sum(float(part.rows.aa.sum()) for part in matrices)
    size_b = sum(float(part.rows.bb.sum()) for part in matrices)
    if size_a <= 0 or size_b <= 0:
        return not_measured(TEST, "skipped", "no matrices with values were compared")
    b_on_a, a_on_b = dot / size_a, dot / size_b
    return Evidence(
        test_id=TEST.test_id,
        question=TEST.question,
        status="measured",
        reason=None,
        statistic=b_on_a - a_on_b,
        log10_p=None,
        null=TEST.null,
        grade=TEST.grade,
        effect=dot / (size_a * size_b) ** 0.5,
        finding=f"slope of B on A {b_on_a:.3f}, of A on B {a_on_b:.3f}",
        count=sum(part.elements for part in matrices),
        coverage=min(1.0, sum(part.elements for part in matrices) / max(1, comparison.parameters)),
        detection_limit=None,
    )
