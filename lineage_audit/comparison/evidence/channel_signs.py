"""Signs of residual channels: with RMSNorm, negating a channel in all that writes and reads it changes nothing.

LayerNorm subtracts the mean over channels, which ties their signs together: the test does not apply there.
"""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.role_table import READERS, WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import TestDescription, WeightComparison, not_measured
from lineage_audit.comparison.evidence.leanings import LEAN, both_lean
from lineage_audit.comparison.evidence.sign_sums import (
    SIGN_NULL,
    column_term,
    row_term,
    sign_flip_evidence,
    sum_cosines,
)
from lineage_audit.comparison.reading.marks import mark_rows
from lineage_audit.comparison.reading.measurement import FloatArray
from lineage_audit.results import Evidence

TEST = TestDescription(
    "channel-signs", "Do residual channels with the same number carry the same sign everywhere?", SIGN_NULL
)


def measure(comparison: WeightComparison) -> Evidence:
    """Pool the cosines of every column that reads a channel and every row that writes it."""
    return measure_undone(comparison, None)


def measure_undone(comparison: WeightComparison, fitted: FloatArray | None) -> Evidence:
    """The same of channels that were matched in any order, with the signs undone that the match gave A's.

    Channels are matched by sizes, and a negated channel of A is matched as it was before, with the other sign. So with
    that sign undone each is a fair coin again; a copy whose channels were moved and not negated has them all.

    Args:
        comparison: what was measured.
        fitted: the sign that each channel of A was multiplied by, or None.
    """
    if reason := comparison.broken.get(TEST.test_id):
        return not_measured(TEST, "not-applicable", reason)
    if comparison.rms_norm is None:
        return not_measured(TEST, "skipped", "the kind of normalisation is not known")
    if not comparison.rms_norm:
        return not_measured(TEST, "not-applicable", "LayerNorm ties the signs of channels together")
    embedding = comparison.find(Role.EMBED, None)
    if embedding is None:
        return not_measured(TEST, "skipped", "the embeddings were not compared")
    as_stored = embedding.kept_a if fitted is None else embedding.kept_a * fitted
    columns = [(mark_rows(np.ascontiguousarray(side.T)),) for side in (as_stored, embedding.kept_b)]
    if both_lean(*columns):
        return not_measured(TEST, "not-applicable", LEAN)
    channels, terms, elements = embedding.pair.b.shape[1], [], 0
    for measured in comparison.matrices():
        tensor = measured.pair.b
        if measured.pair.is_guessed and tensor.role != Role.EMBED:
            continue
        if not tensor.in_core or len(tensor.shape) != 2:  # heads of a mixer, one behind the other
            continue
        if tensor.role in READERS and tensor.shape[1] == channels and measured.has_own("columns"):
            terms.append(column_term(measured))
        elif tensor.role in WRITERS and tensor.shape[0] == channels and measured.has_own("rows"):
            terms.append(row_term(measured))
        else:
            continue
        elements += measured.elements
    summed = sum_cosines(None, channels, terms)
    if fitted is not None:
        summed = replace(summed, values=summed.values * fitted)
    return sign_flip_evidence(TEST, "residual channels", [summed], comparison, elements)
