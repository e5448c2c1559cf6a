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

_Square = npt.NDArray[np.float64] | npt.NDArray[np.complex128]
_Rows = TypeVar("_Rows", npt.NDArray[np.float32], npt.NDArray[np.complex64])

_RIDGE = 0.1
"""Share of the mean eigenvalue that is added before directions are weighed alike; noise has the smallest ones."""


def decorrelated(rows: _Rows) -> _Rows:
    """The rows ``[rows, numbers]`` with all directions among their numbers weighed nearly alike."""
    exact = rows.astype(np.result_type(rows, np.float64))
    total = float(np.square(np.abs(exact)).sum())
    if not total:
        return rows
    ridge = _RIDGE * total / rows.shape[1]
    weighed: _Rows
    if len(rows) < rows.shape[1]:  # R (R* R + ridge)^-1/2 is (R R* + ridge)^-1/2 R
        weighed = (_inverse_root(exact @ exact.conj().T, ridge) @ exact).astype(rows.dtype)
    else:
        weighed = (exact @ _inverse_root(exact.conj().T @ exact, ridge)).astype(rows.dtype)
    return weighed


def _inverse_root(products: _Square, ridge: float) -> _Square:
    """(products + ridge)^-1/2."""
    sizes, directions = np.linalg.eigh(products)
    root: _Square = (directions / np.sqrt(np.maximum(sizes, 0.0) + ridge)) @ directions.conj().T
    return root
