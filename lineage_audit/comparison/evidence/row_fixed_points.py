"""Numbers of hidden units in matrices whose role is not known: does each row best match its own number?

A matrix counts when its output dimension is the input dimension of another matrix: then its rows are hidden units,
which independent trainings number at random. Since the inner structure (heads, gates) of an unknown architecture
may tie some numbers together, the bound is calibrated, not exact.
"""

from __future__ import annotations

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.matched_labels import LABEL_NULL, fixed_point_evidence, match_rows
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.shares.fixed_tables import without_fixed_tables
from lineage_audit.results import Evidence

TEST = TestDescription(
    "row-fixed-points",
    "In matrices of unknown role, does each row best match the one with its own number?",
    LABEL_NULL + ", if rows are hidden units",
    grade="calibrated",
)

_FEWEST_ROWS = 32


def measure(comparison: WeightComparison) -> Evidence:
    """Match the rows of every matrix without a role whose rows feed another matrix."""
    unknown = [part for part in without_fixed_tables(comparison.matrices()) if _is_unknown(part)]
    if not unknown:
        return not_measured(TEST, "not-applicable", "every matrix has a known role or may be a fixed table")
    inputs = {part.pair.b.shape[1] for part in comparison.matrices()}
    usable = [part for part in unknown if rows_are_hidden(part, inputs)]
    blocks = [match_rows(part.pair.b.layer, [(part.kept_a, part.kept_b)]) for part in usable]
    return fixed_point_evidence(
        TEST, "rows of unknown matrices", blocks, comparison, sum(part.kept_b.size for part in usable)
    )


def _is_unknown(part: Measurement) -> bool:
    return part.pair.b.role == Role.OTHER and part.pair.b.in_core


def rows_are_hidden(measured: Measurement, inputs: set[int]) -> bool:
    """Tell whether the rows of a matrix are hidden units: they feed a matrix, whose input width is among these."""
    shape = measured.pair.b.shape
    has_values = float(measured.rows.aa.sum()) > 0 and float(measured.rows.bb.sum()) > 0
    return len(shape) == 2 and shape[0] in inputs and len(measured.kept_b) >= _FEWEST_ROWS and has_values
