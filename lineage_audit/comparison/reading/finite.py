"""Values that are no weights: NaN, infinite, or so large that sums of their squares overflow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_LARGEST = 1e16
"""Elements beyond this would overflow float32 sums of squares; no weight is that large."""


def are_usable(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which elements are numbers of a believable size."""
    usable: npt.NDArray[np.bool_] = np.abs(values) < _LARGEST
    return usable


def zero_where_unusable(values: FloatArray) -> FloatArray:
    """Set what is not usable to zero, as if it had not been stored."""
    if not values.size or (values.max() < _LARGEST and values.min() > -_LARGEST):  # neither is true of NaN
        return values
    return np.where(are_usable(values), values, np.float32(0))
