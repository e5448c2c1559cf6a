"""Zeros in the same places of both models: a mask or a pattern that was set tells which unit is which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_TELLING = 0.02
"""Share of elements that are zero in both models, beyond what units of other numbers have, from which zeros tell."""

_ORDERS = 4
"""Wrong orders that tell how many zeros agree by chance."""


def zeros_tell(a: FloatArray, b: FloatArray) -> bool:
    """Whether zeros stand in the same places of units (rows) with the same number, more than of others."""
    zeros_a, zeros_b = a == 0, b == 0
    if min(zeros_a.mean(), zeros_b.mean()) < _TELLING:
        return False
    random = np.random.default_rng(0)
    by_chance = [(zeros_a & zeros_b[random.permutation(len(b))]).mean() for _ in range(_ORDERS)]
    return bool((zeros_a & zeros_b).mean() - np.mean(by_chance) > _TELLING)
