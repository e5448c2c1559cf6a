"""Rescaled: every tensor is the other's times a constant, or every row of it is: no weight was trained.

So constants of an architecture are folded into matrices when a model is stored in another's form, and so the rows of a
head are brought to length one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.checkpoint.role_table import WRITERS
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.reading.measurement import Agreement, Measurement
from lineage_audit.comparison.verdict.thresholds import RESCALED

_WRITERS = frozenset({*WRITERS, Role.EMBED, Role.POSITION_EMBED})


def find_rescaling(difference: Difference) -> DirectedOperation | None:
    """Name the scales where they are the whole difference."""
    changed = [part for part in difference.comparison.measurements.values() if part.delta_squared > 0.0]
    moved = sum(part.delta_squared for part in changed)
    if not any(_is_scaled(part) for part in changed) or not all(_is_scaled(p) or _is_rounded(p) for p in changed):
        return None
    left = sum(_unexplained(part) for part in changed)
    explained = f"{1.0 - left / moved:.2%} of the squared difference"
    by_row = [part for part in changed if part.is_matrix and _spread(part.rows) > RESCALED.one_constant]
    scales = [_scale(part) for part in changed if part not in by_row]
    if not by_row and (stream := _stream_scale(difference, changed)) is not None:
        how = "negated" if abs(stream + 1) <= RESCALED.one_constant else f"multiplied by {stream:.4g}"
        detail = f"all that is written to the residual stream is {how}, which the norms take out"
        return directed("stream-scaled", detail, f"one factor explains {explained}")
    said = [f"{len(scales):,} tensors by one constant each ({min(scales):.3g} to {max(scales):.3g})"] if scales else []
    said += [f"{len(by_row):,} by one constant a row"] if by_row else []
    return directed("rescaled", ", ".join(said), f"scales explain {explained}")


def _stream_scale(difference: Difference, changed: Sequence[Measurement]) -> float | None:
    """The factor of all matrices that write to the stream, where no other matrix was changed."""
    matrices = [part for part in difference.comparison.matrices() if part.pair.b.slot == "weight"]
    writers = [part for part in matrices if part.pair.b.role in _WRITERS]
    others = [part for part in matrices if part.pair.b.role not in _WRITERS]
    if not writers or any(not _is_scaled(part) for part in writers) or any(part in changed for part in others):
        return None
    scales = np.array([_scale(part) for part in writers])
    return float(scales.mean()) if float(np.ptp(scales)) <= RESCALED.one_constant * abs(float(scales.mean())) else None


def _is_scaled(part: Measurement) -> bool:
    return not _is_rounded(part) and _unexplained(part) <= RESCALED.left * part.delta_squared


def _is_rounded(part: Measurement) -> bool:
    return part.delta_squared <= RESCALED.rounding**2 * float(part.rows.bb.sum())


def _unexplained(part: Measurement) -> float:
    """Squared size of what no scale of B's rows (of a vector as a whole) makes of A's."""
    known = part.rows if part.is_matrix else part.columns
    explained = np.divide(np.square(known.dot), known.aa, out=np.zeros_like(known.dot), where=known.aa > 0)
    return float(np.maximum(known.bb - explained, 0.0).sum())


def _scale(part: Measurement) -> float:
    return float(ratio(part.rows.dot.sum(), float(part.rows.aa.sum())))


def _spread(rows: Agreement) -> float:
    """Standard deviation of the rows' scales over their mean."""
    known = rows.aa > 0
    scales = rows.dot[known] / rows.aa[known]
    return float(ratio(scales.std(), abs(float(scales.mean())))) if len(scales) else 0.0
