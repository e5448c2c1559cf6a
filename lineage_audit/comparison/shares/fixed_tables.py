"""Matrices that may be fixed tables: sinusoids, masks, filter banks. They are bit-identical in unrelated models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import SHARES


def without_fixed_tables(parts: Sequence[Measurement]) -> list[Measurement]:
    """Leave out the matrices that are equal in both models and need not have been trained.

    These are position embeddings (they may be sinusoids), and matrices whose role neither model tells that stand
    outside the numbered layers or are repeated from layer to layer.
    """
    repeated = Counter(_contents(part) for part in parts if _is_equal_and_unknown(part))
    return [part for part in parts if not _may_be_fixed(part, repeated)]


def _may_be_fixed(part: Measurement, repeated: Counter[tuple[tuple[int, ...], bytes]]) -> bool:
    if part.pair.b.role == Role.POSITION_EMBED:
        return part.is_matrix and _is_equal(part)
    if not _is_equal_and_unknown(part):
        return False
    return part.pair.b.layer is None or repeated[_contents(part)] > 1


def _is_equal_and_unknown(part: Measurement) -> bool:
    unknown = part.pair.a.role == part.pair.b.role == Role.OTHER
    return part.is_matrix and unknown and _is_equal(part)


def _is_equal(part: Measurement) -> bool:
    """Tell whether all elements are equal, if need be after rounding or but for how a formula was computed."""
    if max(part.equal, part.rounded or 0) == part.elements:
        return True
    return part.delta_squared <= SHARES.one_formula**2 * float(part.rows.bb.sum())


def _contents(part: Measurement) -> tuple[tuple[int, ...], bytes]:
    return part.pair.b.shape, part.kept_a[:256].tobytes()
