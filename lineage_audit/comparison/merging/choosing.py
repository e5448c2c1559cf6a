"""Which explanation of a child to believe: the plainest, unless another leaves far less."""

from __future__ import annotations

from lineage_audit.comparison.merging.explanations import (
    Explanation,
    Material,
    explain_linearly,
    explain_spherically,
)
from lineage_audit.comparison.merging.members import Members
from lineage_audit.comparison.merging.sparse import explain_sparsely
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS


def explain(members: Members, material: Material) -> Explanation:
    """Choose between a straight line, an arc, and kept elements."""
    linear, arc = explain_linearly(material), explain_spherically(material)
    left, rounding = float(linear.residuals.sum()), float(material.rounding.sum())
    if arc is not None and _is_better(float(arc.residuals.sum()), left, rounding):
        return arc
    if left <= rounding:
        return linear
    sparse = explain_sparsely(members, material)
    if sparse is not None and float(sparse.residuals.sum()) <= MERGE_METHODS.far_less * left:
        return sparse
    return linear


def _is_better(arc: float, line: float, rounding: float) -> bool:
    """Tell whether an arc explains far more than a line, or all that rounding leaves where the line does not."""
    return arc <= MERGE_METHODS.far_less * line or (arc <= rounding and arc <= MERGE_METHODS.just_less * line)


def unexplained(explanation: Explanation, material: Material) -> float:
    """Share of what there was to explain that is left, rounding taken off."""
    there_was = float(material.to_explain.sum())
    left = float(explanation.residuals.sum()) - float(material.rounding.sum())
    return max(0.0, left) / there_was if there_was > 0 else 0.0
