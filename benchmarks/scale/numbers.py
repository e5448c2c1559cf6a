"""Numbers by their place: any rows of a random matrix, without those before them.

Philox is a counter-based generator: a key and a counter give the same words wherever one starts. Every sixteen bits
of them choose a quantile of a distribution with heavy tails, so that a row of 4,096 numbers takes some thirty
microseconds.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_LEVELS = 1 << 16
_TAIL = 0.08
"""Weight of the cube of a normal number: kurtosis 6 or so, as trained weights have."""

_MIX = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def _quantiles(tail: float) -> FloatArray:
    normal = ndtri((np.arange(_LEVELS) + 0.5) / _LEVELS)
    values = normal + tail * normal**3
    return (values / values.std()).astype(np.float32)


_NORMAL, _HEAVY = _quantiles(0.0), _quantiles(_TAIL)


def mixed(*numbers: int) -> int:
    """One number of 64 bits from several: equal only for equal ones."""
    state = 0
    for number in numbers:
        state = ((state ^ (number & _WORD)) * 0xBF58476D1CE4E5B9 + _MIX) & _WORD
        state ^= state >> 29
    return state


def words(key: tuple[int, int], rows: IntArray, length: int) -> npt.NDArray[np.uint64]:
    """Rows of random words, each of at least ``length``."""
    blocks = -(-length // 4)
    drawn = np.empty((len(rows), 4 * blocks), np.uint64)
    for start, stop in _runs(rows):
        source = np.random.Philox(key=np.array(key, np.uint64), counter=int(rows[start]) * blocks)
        drawn[start:stop] = source.random_raw((stop - start) * 4 * blocks).reshape(stop - start, -1)
    return drawn


def heavy_rows(key: tuple[int, int], rows: IntArray, columns: int) -> FloatArray:
    """Rows of a random matrix with heavy tails, mean 0 and variance 1."""
    return _HEAVY[words(key, rows, -(-columns // 4)).view(np.uint16)[:, :columns]]


def normal_rows(key: tuple[int, int], rows: IntArray, columns: int) -> FloatArray:
    """Rows of a normal random matrix."""
    return _NORMAL[words(key, rows, -(-columns // 4)).view(np.uint16)[:, :columns]]


def generator(*numbers: int) -> np.random.Generator:
    """A generator that these numbers name, for what is drawn whole."""
    return np.random.Generator(np.random.Philox(key=mixed(*numbers)))


def _runs(rows: IntArray) -> list[tuple[int, int]]:
    """Where consecutive rows begin and end."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    ends = [0, *breaks.tolist(), len(rows)]
    return list(pairwise(ends)) if len(rows) else []
