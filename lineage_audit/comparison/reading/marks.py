"""A few numbers of every row: enough to see which units of one model are copies of others, or lean one way.

Each row is projected on a few fixed random signs, which a flip of the row negates and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.reading.plan import Reading

FloatArray = npt.NDArray[np.float32]

MARKED_ROLES = frozenset(
    {Role.UP, Role.SHARED_UP, Role.V, Role.V_B, Role.K, Role.K_B}
    | {Role.MIXER_V, Role.MIXER_GATE, Role.MIXER_Q, Role.MIXER_B, Role.MIXER_STEP_IN}
)
"""Roles whose rows are the units of a sign test."""

_NUMBERS = 16
_MARK_BYTES = 64 * 2**20
"""Bytes of marks on each side; of larger models every second row is marked, every fourth, and so on."""


class Marks(Struct, frozen=True, eq=False):
    """Marks of the same rows of both models, ``[rows, numbers]``.

    Attributes:
        a: those of A's rows, as compared.
        b: those of B's.
        every: of how many rows each stands for one.
    """

    a: FloatArray
    b: FloatArray
    every: int = 1


NO_MARKS = Marks(np.empty((0, _NUMBERS), np.float32), np.empty((0, _NUMBERS), np.float32))


def marking_step(readings: Iterable[Reading]) -> int:
    """Of how many rows one is marked: a power of two, so that heads are marked alike."""
    rows = sum(len(reading.positions) for reading in readings if reading.pair.b.role in MARKED_ROLES)
    step = 1
    while rows * _NUMBERS * 4 > step * _MARK_BYTES:
        step *= 2
    return step


def mark_rows(rows: FloatArray) -> FloatArray:
    """The marks of rows ``[n, width]``, ``[n, numbers]``."""
    return rows @ _signs(rows.shape[1])


@lru_cache(maxsize=16)
def _signs(width: int) -> FloatArray:
    signs: FloatArray = np.random.default_rng(width).choice(np.array([-1, 1], np.float32), (width, _NUMBERS))
    return signs
