"""Values that are no weights (NaN, infinite, too large to square), and sizes that are none."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_LARGEST = 1e16
"""Elements beyond this would overflow float32 sums of squares; no weight is that large."""

NOTHING = 1e-30
"""Stands for a size of nothing where it is divided by or a root or logarithm is taken; float32 holds it."""


def are_usable(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which elements are numbers of a believable size."""
    usable: npt.NDArray[np.bool_] = np.abs(values) < _LARGEST
    return usable


def zero_where_unusable(values: FloatArray) -> FloatArray:
    """Set what is not usable to zero, as if it had not been stored."""
    if not values.size or (values.max() < _LARGEST and values.min() > -_LARGEST):  # neither is true of NaN
        return values
    return np.where(are_usable(values), values, np.float32(0))


@overload
def ratio(part: float, whole: float) -> float: ...
@overload
def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any] | float) -> npt.NDArray[Any]: ...
def ratio(part: npt.NDArray[Any] | float, whole: npt.NDArray[Any] | float) -> npt.NDArray[Any] | float:
    """A part over its whole, where nothing over nothing is nothing."""
    if isinstance(whole, float | int):
        return part / max(whole, NOTHING)
    share: npt.NDArray[Any] = part / np.maximum(whole, NOTHING)
    return share
