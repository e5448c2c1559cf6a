"""Fit how channels correspond from vectors that do: an assignment of single channels, or an orthogonal matrix."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.alignment.assignment import assign, mean_match_margin
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.alignment.whitening import SOLVED_WHOLE, whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS, MATCHED_UNITS

DoubleArray = npt.NDArray[np.float64]

VECTORS_A_CHANNEL = 2
"""Vectors per channel below which whitening them out would leave nothing but noise."""

_COSINES_AMONG = 1024
"""Vectors between which cosines are taken, half a million of them."""

_WELL_CONDITIONED = 1e-10
"""Least square of a singular value, against the largest, that an eigenvalue still tells to six digits."""


class MatchedVectors(Struct, frozen=True, eq=False, dict=True):
    """Vectors over A's channels ``[n, d_a]`` and over B's ``[n, d_b]``; row by row one and the same thing."""

    a: FloatArray
    b: FloatArray

    @property
    def width_a(self) -> int:
        """Number of A's channels."""
        return int(self.a.shape[1])

    @property
    def width_b(self) -> int:
        """Number of B's channels."""
        return int(self.b.shape[1])

    @cached_property
    def whitened(self) -> MatchedVectors:
        """The same vectors, on each side in the basis in which all directions weigh the same; plain if too few.

        What every vector shares (token frequency, massive channels) hides what tells channels apart.
        """
        if len(self.a) < VECTORS_A_CHANNEL * max(self.width_a, self.width_b):
            return self
        return MatchedVectors(_whitened(self.a), _whitened(self.b))

    @cached_property
    def columns_of_a(self) -> FloatArray:
        """A's columns, centred and of length one, as rows ``[d_a, n]``."""
        return _centred_columns(self.a)

    @cached_property
    def correlation(self) -> FloatArray:
        """Correlation of every channel of B with every channel of A, over the vectors, ``[d_b, d_a]``."""
        correlation: FloatArray = _centred_columns(self.b) @ self.columns_of_a.T
        return correlation

    def and_also(self, others: MatchedVectors) -> MatchedVectors:
        """Both sets, where they are of one width; otherwise the others alone."""
        if (self.width_a, self.width_b) != (others.width_a, others.width_b):
            return others
        return MatchedVectors(np.concatenate([self.a, others.a]), np.concatenate([self.b, others.b]))


def _whitened(vectors: FloatArray) -> FloatArray:
    centred = vectors - vectors.mean(axis=0)
    whitened: FloatArray = centred @ whitening_weights(centred.T @ centred)
    return whitened


def keeps_numbers(vectors: MatchedVectors) -> bool:
    """Tell whether most channels best correlate with the one of the same number, and with its sign."""
    if vectors.width_a != vectors.width_b:
        return False
    correlation = vectors.correlation
    own = np.diagonal(correlation)
    best = np.abs(correlation).argmax(axis=1) == np.arange(len(correlation))
    return bool(best.mean() > 0.5) and float((own > 0).mean()) > 0.95


def fit_channels(vectors: MatchedVectors) -> tuple[ResidualMap, float]:
    """Assign each channel of B one of A's by |correlation|, with its sign; and the mean match margin."""
    correlation = vectors.correlation
    sizes = np.abs(correlation)
    margin = mean_match_margin(sizes)
    over_distinct = mean_match_margin(sizes, vectors.columns_of_a)
    if vectors.width_a > vectors.width_b and margin < MATCHED_CHANNELS.of_copies * over_distinct:
        return _sums_of_copies(correlation), over_distinct
    channels = assign(sizes)
    matched = correlation[np.arange(len(channels)), channels]
    signs = np.where(matched < 0, -1.0, 1.0).astype(np.float32)
    fit = float(np.abs(matched).mean())
    return ResidualMap("channels", channels=channels, signs=signs, fit=fit), margin


def _sums_of_copies(correlation: FloatArray) -> ResidualMap:
    """Each channel of B from all channels of A that correlate with it as the best one does, signs included."""
    sizes = np.abs(correlation)
    fit = float(sizes.max(axis=1).mean())
    copies = sizes >= MATCHED_UNITS.copy * sizes.max(axis=1, keepdims=True)
    taken = np.where(copies, np.sign(correlation), 0.0)
    rotation = (taken / np.sqrt(np.maximum(copies.sum(axis=1, keepdims=True), 1))).T.astype(np.float32)
    return ResidualMap("copies", rotation=np.ascontiguousarray(rotation), fit=fit)


def fit_rotation(vectors: MatchedVectors) -> ResidualMap:
    """The orthogonal matrix that carries A's vectors closest to B's."""
    return ResidualMap("rotation", rotation=_procrustes(vectors.a, vectors.b))


def held_out_fit(vectors: MatchedVectors) -> float:
    """Share of every other vector's variance that the best rotation of the rest explains."""
    half = _procrustes(vectors.a[::2], vectors.b[::2])
    left = vectors.b[1::2] - vectors.a[1::2] @ half
    return 1.0 - ratio(float(np.square(left).sum()), float(np.square(vectors.b[1::2]).sum()))


def agreement_of_cosines(vectors: MatchedVectors) -> float:
    """Correlation of A's cosines between vectors with B's: no rotation changes them, so that none has to be fitted.

    Where B's vectors agree with A's, rotated, at a cosine of c, it is about c².
    """
    some = spread_numbers(len(vectors.a), _COSINES_AMONG)
    above = np.triu_indices(len(some), 1)
    of_a, of_b = (_centred((unit @ unit.T)[above]) for unit in (unit_rows(vectors.a[some]), unit_rows(vectors.b[some])))
    return ratio(float(of_a @ of_b), float(np.linalg.norm(of_a)) * float(np.linalg.norm(of_b)))


def _centred(values: FloatArray) -> FloatArray:
    centred: FloatArray = values - values.mean()
    return centred


def _centred_columns(vectors: FloatArray) -> FloatArray:
    """Columns, centred and of length one, as rows ``[channels, n]``."""
    columns = vectors.T
    return unit_rows(columns - columns.mean(axis=1, keepdims=True))


def _procrustes(a: FloatArray, b: FloatArray) -> FloatArray:
    """Orthogonal R that minimises ‖a R - b‖ (Schönemann 1966)."""
    if a.shape[1] > SOLVED_WHOLE:
        return _nearest_orthogonal((a.T @ b).astype(np.float64)).astype(np.float32)
    return _from_singular_vectors(a.T.astype(np.float64) @ b.astype(np.float64)).astype(np.float32)


def _nearest_orthogonal(product: DoubleArray) -> DoubleArray:
    """The orthogonal factor of a matrix of a wide stream: M (MᵀM)^-1/2, at a third of what singular vectors take."""
    squares, axes = np.linalg.eigh(product.T @ product)
    if squares[0] < _WELL_CONDITIONED * squares[-1]:  # rounding would leave too little of the weakest directions
        return _from_singular_vectors(product)
    nearest: DoubleArray = (product @ axes / np.sqrt(squares)) @ axes.T
    return nearest


def _from_singular_vectors(product: DoubleArray) -> DoubleArray:
    left, _, right = np.linalg.svd(product, full_matrices=False)
    nearest: DoubleArray = left @ right
    return nearest
