"""Towers, projectors, encoders: does each row of a part beside the language model best match its own number?

A model is copied in parts, and every part is asked on its own: beside an independent language model, a tower that was
taken shows nowhere else. The bound is that of matrices of unknown role, and calibrated for the same reasons.
"""

from __future__ import annotations

from msgspec.structs import replace

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.comparison.evidence.base import WeightComparison, not_measured
from lineage_audit.comparison.evidence.matched_labels import fixed_point_evidence, match_rows
from lineage_audit.comparison.evidence.parts import part_of_test
from lineage_audit.comparison.evidence.row_fixed_points import TEST, rows_are_hidden
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.shares.fixed_tables import without_fixed_tables
from lineage_audit.results import Evidence


def rows_test_id(part: ModelPart) -> str:
    """The id of the test on one part."""
    return f"{part.replace('_', '-')}-rows"


def part_asked(evidence: Evidence) -> ModelPart | None:
    """The part that a test asks about; None for one that asks about the core."""
    inside = part_of_test(evidence.test_id)
    return inside or next((part for part in ModelPart if rows_test_id(part) == evidence.test_id), None)


def measure_parts(comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Match the rows of every part beside the core that both models have, one piece of evidence a part."""
    matrices = [part for part in without_fixed_tables(comparison.matrices()) if not part.pair.b.in_core]
    return tuple(
        _measured(part, [matrix for matrix in matrices if matrix.pair.b.part == part], comparison)
        for part in ModelPart
        if any(matrix.pair.b.part == part for matrix in matrices)
    )


def _measured(part: ModelPart, matrices: list[Measurement], comparison: WeightComparison) -> Evidence:
    words = part.replace("_", " ")
    test = replace(
        TEST, test_id=rows_test_id(part), question=f"In the {words}, does each row best match its own number?"
    )
    inputs = {matrix.pair.b.shape[1] for matrix in matrices}
    usable = [matrix for matrix in matrices if rows_are_hidden(matrix, inputs)]
    if not usable:
        return not_measured(test, "skipped", f"no matrix of the {words} was read whose rows are hidden units")
    blocks = [match_rows(matrix.pair.b.layer, [(matrix.kept_a, matrix.kept_b)]) for matrix in usable]
    elements = sum(matrix.kept_b.size for matrix in usable)
    return fixed_point_evidence(test, f"rows of the {words}", blocks, comparison, elements)
