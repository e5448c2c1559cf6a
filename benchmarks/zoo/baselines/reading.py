"""Whole tensors by role, for the baselines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorKey

FloatArray = npt.NDArray[np.float32]


def tensor(checkpoint: Checkpoint, key: TensorKey) -> FloatArray | None:
    """Return a tensor in its logical shape, or None if the checkpoint has none in that place."""
    found = checkpoint.by_key.get(key)
    return None if found is None else checkpoint.rows(found, 0, found.shape[0])


def by_layer(checkpoint: Checkpoint, role: Role) -> list[FloatArray]:
    """Return the weights of one role layer by layer, experts left out."""
    layers = sorted(
        key.layer
        for key in checkpoint.by_key
        if key.role == role and key.slot == "weight" and key.layer is not None and key.expert is None
    )
    found = (tensor(checkpoint, TensorKey(role, "weight", layer, None)) for layer in layers)
    return [values for values in found if values is not None]


def same_place(a: Checkpoint, b: Checkpoint) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield the matrices of A and B that stand in the same place and have the same shape."""
    for key in a.by_key:
        first, second = tensor(a, key), tensor(b, key)
        if first is not None and second is not None and first.ndim == 2 and first.shape == second.shape:
            yield first, second


def cosine(first: FloatArray, second: FloatArray) -> float:
    """The cosine of two tensors as vectors; zero where one of them is zero."""
    size = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    return float(np.vdot(first.astype(np.float64), second.astype(np.float64))) / size if size else 0.0
