"""Fine-tuned or trained on: what was added is orthogonal to the parent, and a few directions of it outweigh the rest.

Noise, rounding and cuts have no such directions; a blend takes of the parent what it adds of another model, and so
do two trainings of one initialisation. Between the two words the size of the delta decides, and is printed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lineage_audit.comparison.operations.delta.difference import Difference, said_as_share
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.thresholds import SLOPES, TRAINED


def find_training(difference: Difference) -> DirectedOperation | None:
    """Name training by its size where the marks of training are there."""
    slope = _slope_of_the_child(difference.comparison.matrices())
    concentration = _concentration(difference.changed)
    if slope is None or (concentration is not None and concentration < TRAINED.concentrated):
        return None
    size = difference.size
    detail = f"the delta is {said_as_share(size)} of the weights' size"
    marks = f"the parent is kept whole (slope {slope:.3f})"
    if concentration is not None:
        marks += f", a direction of the delta weighs {concentration:.1f} times what chance gives"
    if size <= TRAINED.fine_tune_delta:
        return directed("fine-tuned", detail, f"relative delta {size:.4g}, at most {TRAINED.fine_tune_delta}; {marks}")
    return directed(
        "continued-pretrained", detail, f"relative delta {size:.4g}, above {TRAINED.fine_tune_delta}; {marks}"
    )


def _slope_of_the_child(parts: Sequence[Measurement]) -> float | None:
    """The slope of the one on the other in the median matrix, if either is the other and something new."""
    layers = [part for part in parts if part.pair.b.role not in TOKEN_ROLES] or list(parts)
    if not layers:
        return None
    dots = np.array([float(part.rows.dot.sum()) for part in layers])
    slopes = [
        float(np.median(ratio(dots, np.array([float(size.sum()) for size in sizes]))))
        for sizes in ([part.rows.aa for part in layers], [part.rows.bb for part in layers])
    ]
    kept = [slope for slope in slopes if SLOPES.kept_whole[0] <= slope <= SLOPES.kept_whole[1]]
    return min(kept, key=lambda slope: abs(math.log(slope)), default=None)


def _concentration(changed: Sequence[MatrixPair]) -> float | None:
    """How far the largest singular value of a delta exceeds that of a random one, in the median; None without any."""
    if not changed:
        return None
    return float(np.median([pair.concentration for pair in changed]))
