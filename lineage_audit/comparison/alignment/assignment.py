"""One-to-one assignment that maximises a similarity, with a shortcut where nothing has to be solved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def assign(similarity: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """For each row of a square matrix the column that it is assigned to, maximising the sum.

    Where the rows' maxima lie in different columns they are the solution: no assignment can exceed every row's
    maximum. Otherwise the Hungarian method decides, at the cube of the size.
    """
    best: npt.NDArray[np.int64] = similarity.argmax(axis=1).astype(np.int64)
    if len(np.unique(best)) == len(best):
        return best
    from scipy.optimize import linear_sum_assignment

    _, columns = linear_sum_assignment(similarity, maximize=True)
    assigned: npt.NDArray[np.int64] = columns.astype(np.int64)
    return assigned
