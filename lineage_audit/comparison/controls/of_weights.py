"""What people quote, from weights that were measured; nothing is read for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lineage_audit.checkpoint.roles import NORM_ROLES, Role
from lineage_audit.comparison.controls.quoted import CURVE_ROLES, FEWEST_LAYERS, Curve, Norm, Quoted
from lineage_audit.comparison.reading.measurement import DoubleArray, FloatArray, Measurement
from lineage_audit.results import ArchitectureFinding, DifferenceHistogram, TokenizerFinding

_REACH = 3.0
_BINS = 61
"""A histogram of differences goes so many standard deviations of A's weights to each side, in so many bins."""


def quoted_of_weights(
    measured: Sequence[Measurement], architecture: ArchitectureFinding, tokenizer: TokenizerFinding
) -> Quoted:
    """What the numbers are made of.

    Args:
        measured: every pair that was read, under its own number.
        architecture: how the architectures compare.
        tokenizer: how the tokenizers compare.
    """
    matrices = [one for one in measured if one.is_matrix and one.pair.b.layer is not None]
    return Quoted(
        norms=tuple(_norms(measured)),
        curves={role: curve for role in CURVE_ROLES if (curve := _curve(matrices, role)) is not None},
        raw_cosine=_raw_cosine(matrices),
        wrong_rows=tuple(
            one.mismatched_cosine for one in measured if one.is_matrix and one.mismatched_cosine is not None
        ),
        relative_difference=_relative_difference(matrices),
        architecture=architecture,
        tokenizer=tokenizer,
        differences=_differences(matrices),
    )


def _norms(measured: Sequence[Measurement]) -> Iterator[Norm]:
    for part in measured:
        if part.pair.b.role in NORM_ROLES and len(part.kept_b) > 1:
            yield Norm(part.pair.b.role, part.kept_a.astype(float).ravel(), part.kept_b.astype(float).ravel())


def _curve(matrices: Sequence[Measurement], role: Role) -> Curve | None:
    parts = sorted((one for one in matrices if one.pair.b.role == role), key=lambda one: one.pair.b.layer or 0)
    if len(parts) < FEWEST_LAYERS:
        return None
    return Curve(
        tuple(one.pair.b.layer or 0 for one in parts),
        np.array([np.sqrt(one.rows.aa.mean()) for one in parts]),
        np.array([np.sqrt(one.rows.bb.mean()) for one in parts]),
    )


def _raw_cosine(matrices: Sequence[Measurement]) -> float | None:
    rows = [one.rows for one in matrices]
    squares = sum(float(one.aa.sum()) for one in rows) * sum(float(one.bb.sum()) for one in rows)
    return sum(float(one.dot.sum()) for one in rows) / float(np.sqrt(squares)) if squares else None


def _relative_difference(matrices: Sequence[Measurement]) -> float | None:
    size = sum(float(one.rows.aa.sum()) for one in matrices)
    return float(np.sqrt(sum(one.delta_squared for one in matrices) / size)) if size else None


def _differences(matrices: Sequence[Measurement]) -> DifferenceHistogram | None:
    """The differences of the rows that were kept, and of the same rows with their neighbours, as a control."""
    kept = [
        (one.kept_a, one.kept_b) for one in matrices if len(one.kept_b) > 1 and one.kept_a.shape == one.kept_b.shape
    ]
    scaled = [(a / size, b / size) for a, b in kept if (size := float(np.sqrt(np.mean(np.square(a))))) > 0]
    if not scaled:
        return None
    edges = np.linspace(-_REACH, _REACH, _BINS + 1)
    here, other = (_shares([b - np.roll(a, shift, axis=0) for a, b in scaled], edges) for shift in (0, 1))
    return DifferenceHistogram(tuple(map(float, edges)), here, other)


def _shares(differences: Sequence[FloatArray], edges: DoubleArray) -> tuple[float, ...]:
    """The share of all differences in each bin; what lies beyond the ends is in none."""
    counts = sum(np.histogram(one, edges)[0] for one in differences)
    return tuple(float(share) for share in np.round(counts / sum(one.size for one in differences), 6))
