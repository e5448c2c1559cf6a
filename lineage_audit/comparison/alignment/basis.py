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
from lineage_audit.comparison.alignment.evening import even_weights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
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
        gram_a, gram_b = a.gate_gram, b.gate_gram
        knows = gram_a is not None and gram_b is not None
        self._flatten_a = even_weights(carried_gram(gram_a, residual)) if knows and gram_a is not None else None
        self._flatten_b = even_weights(gram_b) if knows and gram_b is not None else None
        channels = b.channels
        self.width = min(channels, PROJECTED_FROM)
        if channels > PROJECTED_FROM:
            projection = _projection(channels)
            self._flatten_a = projection if self._flatten_a is None else self._flatten_a @ projection
            self._flatten_b = projection if self._flatten_b is None else self._flatten_b @ projection

    def image(self, rows: FloatArray) -> FloatArray:
        """A's rows ``[n, d_a]`` as unit rows of this basis ``[n, width]``."""
        return _flattened(self.residual.image(rows), self._flatten_a)

    def own(self, rows: FloatArray) -> FloatArray:
        """B's rows ``[n, d_b]`` as unit rows of this basis ``[n, width]``."""
        return _flattened(rows, self._flatten_b)


def carried_gram(gram: npt.NDArray[np.float64], residual: ResidualMap) -> npt.NDArray[np.float64]:
    """A's Gram matrix ``[d_a, d_a]`` in B's channels ``[d_b, d_b]``."""
    half = residual.image(gram.astype(np.float32))
    carried: npt.NDArray[np.float64] = residual.image(np.ascontiguousarray(half.T)).astype(np.float64)
    return carried


def _projection(channels: int) -> FloatArray:
    """Fixed random directions ``[channels, width]``."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((channels, PROJECTED_FROM), dtype=np.float32)


def _flattened(rows: FloatArray, flatten: FloatArray | None) -> FloatArray:
    return unit_rows(rows if flatten is None or flatten.shape[0] != rows.shape[1] else rows @ flatten)
