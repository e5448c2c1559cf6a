"""Slopes of the weights on each other: what was added in training is orthogonal to the parent.

Then B on A has slope one and A on B less, and A does not descend from B by training. A sibling that stayed near the
parent looks like the parent, a merge holds a part of what it lacks of a parent, strong weight decay breaks the rule,
pruning shrinks what it leaves out, and either file can be made to fit: slopes say what A was not made from, if neither
was, and decide no direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured, test_result
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import SLOPES
from lineage_audit.results import Evidence, Way

_Slope = tuple[float, float]
"""A slope over all matrices, and its standard error between them."""

TEST = TestDescription(
    "slopes",
    "Is one model the other plus something new?",
    "none: a description of the delta, with no p-value",
    grade="calibrated",
)


def measure(comparison: WeightComparison) -> Evidence:
    """Regress all matrices of B on A's and the other way round, without intercept."""
    found = _slopes_on_each_other(comparison)
    if found is None:
        return not_measured(TEST, "skipped", "no matrices with values were compared")
    b_on_a, a_on_b = found
    elements = sum(part.elements for part in comparison.matrices())
    return test_result(
        TEST,
        statistic=b_on_a - a_on_b,
        effect=math.copysign(math.sqrt(max(0.0, min(1.0, b_on_a * a_on_b))), b_on_a),
        finding=f"slope of B on A {b_on_a:.3f}, of A on B {a_on_b:.3f}" + _said(comparison),
        count=elements,
        coverage=min(1.0, elements / max(1, comparison.parameters)),
    )


def _slopes_on_each_other(comparison: WeightComparison) -> tuple[float, float] | None:
    """Slope of B on A and of A on B over the related matrices, or None where there are none with values."""
    matrices = [part for part in comparison.matrices() if (part.correlation or 0.0) >= SLOPES.related_matrix]
    dot, size_a, size_b = (
        sum(float(getattr(part.rows, field).sum()) for part in matrices or comparison.matrices())
        for field in ("dot", "aa", "bb")
    )
    return (dot / size_a, dot / size_b) if size_a > 0 and size_b > 0 else None


def measure_layer_slopes(comparison: WeightComparison) -> tuple[float, float] | None:
    """The same two slopes without token rows, which training hardly moves where they start large."""
    matrices = _layer_matrices(comparison)
    return (_slope(matrices, "aa")[0], _slope(matrices, "bb")[0]) if len(matrices) > 1 else None


def excluded_by_slopes(comparison: WeightComparison) -> Way | None:
    """The way that no training leads, if neither file was made to fit; None where it is open.

    Token rows are left out. Zeros are looked at first: what a pruned child lacks would count as shrinkage.
    """
    matrices = _layer_matrices(comparison)
    if len(matrices) < 2 or abs(_zeros(matrices, "a") - _zeros(matrices, "b")) > SLOPES.more_zeros:
        return None
    b_on_a, a_on_b = _slope(matrices, "aa"), _slope(matrices, "bb")
    ways: tuple[tuple[Way, _Slope, _Slope], ...] = (("b->a", b_on_a, a_on_b), ("a->b", a_on_b, b_on_a))
    for excluded, child, parent in ways:
        lacking = min(child[0], 1.0) - parent[0]
        certain = lacking > SLOPES.errors * math.hypot(child[1], parent[1])
        if (
            SLOPES.kept_whole[0] <= child[0] <= SLOPES.kept_whole[1]
            and child[0] - 1 <= SLOPES.grown * (1 - parent[0])
            and lacking > SLOPES.added
            and parent[0] < 1 - SLOPES.added
            and certain
        ):
            return excluded
    return None


def _said(comparison: WeightComparison) -> str:
    excluded = excluded_by_slopes(comparison)
    if excluded is None:
        return ""
    parent, child = excluded.upper().split("->")
    return f": {child} was not made from {parent} by training, if neither file was made to fit"


def _layer_matrices(comparison: WeightComparison) -> list[Measurement]:
    """Related matrices without those of tokens."""
    return [
        part
        for part in comparison.matrices()
        if part.pair.b.role not in TOKEN_ROLES and (part.correlation or 0.0) >= SLOPES.related_matrix
    ]


def _zeros(matrices: Sequence[Measurement], side: Literal["a", "b"]) -> float:
    """Share of exact zeros among the rows that were kept."""
    kept = [part.kept_a if side == "a" else part.kept_b for part in matrices]
    return sum(int(np.count_nonzero(rows == 0)) for rows in kept) / max(1, sum(rows.size for rows in kept))


def _slope(matrices: Sequence[Measurement], on: Literal["aa", "bb"]) -> _Slope:
    """Slope over all matrices, and its standard error between them."""
    dots = np.array([part.rows.dot.sum() for part in matrices])
    squares = np.array([getattr(part.rows, on).sum() for part in matrices])
    slope = float(dots.sum() / squares.sum())
    left = float(np.square(dots - slope * squares).sum()) * len(dots) / (len(dots) - 1)
    return slope, math.sqrt(left) / float(squares.sum())
