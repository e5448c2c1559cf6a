"""Recognise a delta checkpoint: weights published as their difference from a base, which no test can read alone.

Licences that forbade passing weights on were met so (vicuna's first releases): the file holds fine-tune minus base. Its
matrices are small against the base's, and its norm gains lie near 0 where a model's lie near 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.roles import NORM_ROLES
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.findings import Letter
from lineage_audit.comparison.verdict.thresholds import DELTA_CHECKPOINT

_NAMED_SO = re.compile(r"(?:^|[-_. /])delta(?:[-_. /]|$)", re.IGNORECASE)


def find_delta(a: Checkpoint, b: Checkpoint, comparison: WeightComparison) -> Letter | None:
    """Which of the two is a delta checkpoint, judged by its sizes against the other's."""
    parts = list(comparison.measurements.values())
    gains = _ratio([part for part in parts if part.pair.b.role in NORM_ROLES and part.pair.b.slot == "weight"])
    matrices = _ratio([part for part in parts if part.is_matrix])
    if gains is None or matrices is None:
        return None
    sides: tuple[tuple[Letter, Checkpoint, float, float], ...] = (
        ("B", b, gains, matrices),
        ("A", a, 1 / gains if gains else 0.0, 1 / matrices if matrices else 0.0),
    )
    for letter, checkpoint, of_gains, of_matrices in sides:
        if (
            0.0 <= of_gains <= DELTA_CHECKPOINT.gains_left
            and 0.0 < of_matrices <= DELTA_CHECKPOINT.matrices_left
            and _may_be(checkpoint)
        ):
            return letter
    return None


def _may_be(checkpoint: Checkpoint) -> bool:
    """Tell whether small gains mean anything: not in models whose gains start at zero, unless the name says delta."""
    starts_at_zero = has_quirk(checkpoint.config.text("model_type"), Quirk.GAINS_LESS_ONE)
    return not starts_at_zero or bool(_NAMED_SO.search(checkpoint.ref))


def _ratio(parts: Sequence[Measurement]) -> float | None:
    """Size of B's values over A's (root mean squares over what was read), or None where A's are zero."""
    squares_a, squares_b = (sum(float(getattr(part.rows, side).sum()) for part in parts) for side in ("aa", "bb"))
    return (squares_b / squares_a) ** 0.5 if squares_a > 0 else None
