"""Singular values of deltas, and the edge below which they are rounding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

FloatArray = npt.NDArray[np.float32]

_SKETCH = 192
"""Columns of the random sketch that stands for a large matrix's range."""


class Spectrum(Struct, frozen=True, eq=False):
    """The largest singular values of a delta, falling, with the left singular vectors and the noise edge."""

    values: FloatArray
    left: FloatArray
    edge: float

    @property
    def rank(self) -> int:
        """Singular values clear of the edge."""
        return int(np.count_nonzero(self.values > self.edge))


def spectrum_of(delta: FloatArray, edge: float) -> Spectrum:
    """Decompose a delta; a large one through a random sketch with one power iteration (Halko et al. 2011).

    Args:
        delta: ``[out, in]``.
        edge: largest singular value that rounding alone gives.
    """
    if min(delta.shape) > 2 * _SKETCH:
        sketch = np.random.default_rng(0).standard_normal((delta.shape[1], _SKETCH), dtype=np.float32)
        basis = _orthonormal(delta.T @ _orthonormal(delta @ sketch))
        left, values = _by_gram((delta @ basis).astype(np.float64))
    else:
        left, values = _by_gram(delta.astype(np.float64))
    return Spectrum(values, left, edge)


def _orthonormal(vectors: FloatArray) -> FloatArray:
    """Columns that span the same space, ``[n, k]``; zero ones where the space has fewer dimensions."""
    return _by_gram(vectors.astype(np.float64))[0]


def _by_gram(matrix: npt.NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """Left singular vectors and singular values through the smaller Gram matrix, which is far cheaper."""
    is_tall = matrix.shape[0] > matrix.shape[1]
    squared, vectors = np.linalg.eigh(matrix.T @ matrix if is_tall else matrix @ matrix.T)
    values = np.sqrt(np.maximum(squared[::-1], 0.0))
    vectors = vectors[:, ::-1]
    left = matrix @ vectors / np.where(values > 1e-7 * values[0], values, np.inf) if is_tall else vectors
    return left.astype(np.float32), values.astype(np.float32)


def rounding_edge(values: FloatArray, rounding: float) -> float:
    """Largest singular value that rounding alone gives: (√m + √n) s, with s the size of one rounding error.

    An error is uniform within half a unit in the last place, whose relative size varies by two over a binade.
    """
    rows, columns = values.shape
    size = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
    return float(1.5 * (rows**0.5 + columns**0.5) * rounding * size)
