"""Directions that all rows of one model share weigh no more than others: what is left is the model's own.

How often a token came, whether it came at all, a few massive channels: the strongest directions over tokens are nearly
the same in any two models of one language, and most of every product of rows as they are stored. Weighed alike, rows of
independent models agree no better than random directions, and those of one start still do. The weights are made of the
sum of v* vᵀ over one model's rows, which no order, sign or angle of theirs changes, so that the signs of the rows
stay random signs.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Rows = TypeVar("_Rows", npt.NDArray[np.float32], npt.NDArray[np.complex64])

_RIDGE = 0.1
"""Share of the mean eigenvalue that is added before directions are weighed alike; noise has the smallest ones."""


def decorrelated(rows: _Rows) -> _Rows:
    """The rows ``[rows, numbers]`` with all directions among their numbers weighed nearly alike."""
    exact = rows.astype(np.result_type(rows, np.float64))
    sizes, directions = np.linalg.eigh(exact.conj().T @ exact)
    if not len(sizes) or sizes[-1] <= 0.0:
        return rows
    weights = 1.0 / np.sqrt(np.maximum(sizes, 0.0) + _RIDGE * sizes.mean())
    weighed: _Rows = ((exact @ directions * weights) @ directions.conj().T).astype(rows.dtype)
    return weighed
