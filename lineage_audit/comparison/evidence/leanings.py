"""Whether the signs of one model's units are free at all: checked on its weights, whatever the architecture is called.

Where a unit can be negated without a change, its direction is as likely as the opposite one, so that the units of a
model have no direction in common but by chance. What adds one to up, bends q and k or subtracts a mean breaks this, and
it shows. The null is drawn: the same units under random signs. One model with free signs is enough for a sign test.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.verdict.thresholds import FREE_SIGNS

FloatArray = npt.NDArray[np.float32]

_DRAWS = 99

LEAN = "in both models these units lean one way, so that their signs are not free"


def both_lean(a: Sequence[FloatArray], b: Sequence[FloatArray]) -> bool:
    """Whether the units of both models have a direction in common.

    Args:
        a: for each layer the vectors of A's units, ``[units, n]``, those that are copies in both models but once.
        b: the same of B's.
    """
    return leaning(a) > FREE_SIGNS.beyond and leaning(b) > FREE_SIGNS.beyond


def leaning(layers: Sequence[FloatArray]) -> float:
    """How much longer the sums of a model's unit vectors are than under random signs, in standard deviations."""
    rng = np.random.default_rng(0)
    seen, drawn = 0.0, np.zeros(_DRAWS)
    for layer in layers:
        rows = unit_rows(layer[layer.any(axis=1)])
        if len(rows) > 1:
            signs = rng.choice(np.array([-1, 1], np.float32), (_DRAWS, len(rows)))
            seen += _mean_square(rows.sum(axis=0, keepdims=True), len(rows))[0]
            drawn += _mean_square(signs @ rows, len(rows))
    spread = float(drawn.std())
    return (seen - float(drawn.mean())) / spread if spread > 0 else 0.0


def _mean_square(sums: FloatArray, count: int) -> npt.NDArray[np.float64]:
    squares: npt.NDArray[np.float64] = np.square(sums, dtype=np.float64).sum(axis=1)
    return squares / count


def summed_by_unit(rows: FloatArray, units: IntArray) -> FloatArray:
    """Vectors of units of which each has several rows: their sums."""
    numbers, inverse = np.unique(units, return_inverse=True)
    sums = np.zeros((len(numbers), rows.shape[1]), np.float32)
    np.add.at(sums, inverse, rows)
    return sums
