"""Slopes of the weights on each other: what was added in training is orthogonal to the parent.

Then B on A has slope one and A on B less. A sibling that stayed near the parent looks like the parent, and strong
weight decay breaks the rule, so slopes suggest a direction and never decide it.
"""

from __future__ import annotations

import math

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.results import Evidence

RELATED_MATRIX = 0.2
"""Correlation from which a matrix counts as related when deltas and slopes are taken."""

TEST = TestDescription(
    "slopes",
    "Is one model the other plus something new?",
    "none: a description of the delta, with no p-value",
    grade="calibrated",
)


def measure(comparison: WeightComparison) -> Evidence:
    """Regress all matrices of B on A's and the other way round, without intercept."""
    found = measure_slopes(comparison)
    if found is None:
        return not_measured(TEST, "skipped", "no matrices with values were compared")
    b_on_a, a_on_b = found
    elements = sum(part.elements for part in comparison.matrices())
    return Evidence(
        test_id=TEST.test_id,
        question=TEST.question,
        status="measured",
        reason=None,
        statistic=b_on_a - a_on_b,
        log10_p=None,
        null=TEST.null,
        grade=TEST.grade,
        effect=math.copysign(math.sqrt(max(0.0, min(1.0, b_on_a * a_on_b))), b_on_a),
        finding=f"slope of B on A {b_on_a:.3f}, of A on B {a_on_b:.3f}",
        count=elements,
        coverage=min(1.0, elements / max(1, comparison.parameters)),
        detection_limit=None,
    )


def measure_slopes(comparison: WeightComparison) -> tuple[float, float] | None:
    """Slope of B on A and of A on B over the related matrices, or None where there are none with values."""
    matrices = [part for part in comparison.matrices() if (part.correlation or 0.0) >= RELATED_MATRIX]
    dot, size_a, size_b = (
        sum(float(getattr(part.rows, field).sum()) for part in matrices or comparison.matrices())
        for field in ("dot", "aa", "bb")
    )
    return (dot / size_a, dot / size_b) if size_a > 0 and size_b > 0 else None
