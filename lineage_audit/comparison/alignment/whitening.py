"""Make all directions of a set of vectors weigh the same, so that what they all share does not drown the rest."""

from __future__ import annotations

import numpy as np

from lineage_audit.comparison.alignment.maps import FloatArray
from lineage_audit.comparison.reading.finite import NOTHING

SOLVED_WHOLE = 2048
"""Channels up to which every direction is weighed; in wider streams only the strongest are."""

_STRONGEST = 512
_ITERATIONS = 4
_FLOOR = 0.02
"""Least weight of a direction, as a share of the mean, so that empty ones are not blown up."""


def whitening_weights(gram: FloatArray) -> FloatArray:
    """The symmetric matrix that makes all directions of rows with this Gram matrix weigh (nearly) the same.

    Args:
        gram: ``[d, d]``; of rows that are all zero, or next to it, every direction weighs the same already.
    """
    floor = _FLOOR * float(np.trace(gram)) / max(1, len(gram))
    if not floor > NOTHING:
        return np.eye(len(gram), dtype=np.float32)
    if len(gram) <= SOLVED_WHOLE:
        sizes, directions = np.linalg.eigh(gram.astype(np.float64))
        flattened: FloatArray = ((directions / np.sqrt(np.maximum(sizes, 0.0) + floor)) @ directions.T).astype(
            np.float32
        )
        return flattened
    sizes, directions = strongest_directions(gram, _STRONGEST)
    level = float(sizes.min()) + floor
    shrink = 1.0 - np.sqrt(level / (sizes + floor))
    whitened: FloatArray = (directions * -shrink.astype(np.float32)) @ directions.T
    whitened[np.diag_indices(len(gram))] += 1
    return whitened


def strongest_directions(gram: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """The largest eigenvalues ``[count]``, ascending, and their directions ``[d, count]``, by subspace iteration."""
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((len(gram), count), dtype=np.float32)
    for _ in range(_ITERATIONS):
        basis = _orthonormal(gram @ basis)
    sizes, rotation = np.linalg.eigh(basis.T @ (gram @ basis))
    return sizes.astype(np.float32), (basis @ rotation).astype(np.float32)


def _orthonormal(columns: FloatArray) -> FloatArray:
    """Orthonormal columns of the same span, by Cholesky's factor of their Gram matrix, which is far cheaper than QR."""
    basis = columns.astype(np.float64)
    try:
        for _ in range(2):  # the second pass removes what rounding left in the first
            basis = np.linalg.solve(np.linalg.cholesky(basis.T @ basis), basis.T).T
    except np.linalg.LinAlgError:  # fewer dimensions than columns
        basis, _ = np.linalg.qr(columns)
    return basis.astype(np.float32)
