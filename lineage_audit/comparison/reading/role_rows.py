"""Some rows of the matrix that has a role in a layer, read by themselves, as they are stored."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorKey
from lineage_audit.comparison.reading.finite import zero_where_unusable


def read_role_rows(
    checkpoint: Checkpoint, role: Role, layer: int, choose: Callable[[int], IntArray] = np.arange
) -> npt.NDArray[np.float32] | None:
    """Read rows of a role's matrix; None where the layer has none that can be read.

    Args:
        checkpoint: the model.
        role: what the matrix does.
        layer: the layer that it stands in.
        choose: how many rows there are -> the numbers of those that are read; by default all.
    """
    tensor = checkpoint.by_key.get(TensorKey(role, "weight", layer, None))
    if tensor is None or len(tensor.shape) != 2 or not tensor.parts or not is_readable(tensor):
        return None
    return zero_where_unusable(checkpoint.read([RowRequest(tensor, choose(tensor.shape[0]))])[0])
