"""One basis in which rows of A and rows of B that read the residual stream can be compared.

A's rows are carried over by the residual map. Then the directions that every unit shares (token frequency, massive
channels) are scaled down until all directions of the gate rows weigh the same: two models trained from one start on
different data agree at a mean cosine of .32 in plain gate rows, of which 37% find their counterpart, and at .48 in
this basis, of which 91% do; independent models agree no better in it than before. Wide streams are then projected to
fewer numbers. Everything here is fitted on rows as unsigned directions, so no sign test can be swayed by it.

All that takes products with a matrix as wide as the stream. Copies of wide models agree so well that a few sums of
their channels tell: those are asked first, and this basis only where they leave it open.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Protocol

import numpy as np

from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.whitening import whitening_weights
from lineage_audit.comparison.evidence.base import unit_rows

PROJECTED_FROM = 1024
"""Streams with more channels are projected to this many numbers, which costs cosines an error of 1/32."""

_SUMS = 512
"""Sums of channels that are asked first in wider streams."""


class Basis(Protocol):
    """What rows of both models are carried into; ``width`` is how many numbers a row has there."""

    width: int

    def aligned_a(self, rows: FloatArray) -> FloatArray:
        """A's rows ``[n, d_a]`` as unit rows ``[n, width]``."""

    def own(self, rows: FloatArray) -> FloatArray:
        """B's rows ``[n, d_b]`` as unit rows ``[n, width]``."""


class SharedBasis:
    """A common basis of two models under a residual map.

    Attributes:
        residual: how B's stream is made of A's.
        width: numbers a row has in this basis.
    """

    def __init__(self, a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap) -> None:
        self.residual = residual
        self._a, self._b = a, b
        self.width = min(b.channels, PROJECTED_FROM)

    @cached_property
    def coarse(self) -> _SummedChannels | None:
        """What costs far less, and tells where rows agree well; None in a stream that is narrow anyway."""
        return _SummedChannels(self._b.channels, self.residual) if self._is_wide else None

    def aligned_a(self, rows: FloatArray) -> FloatArray:
        """A's rows ``[n, d_a]`` as unit rows of this basis ``[n, width]``."""
        if self._is_wide:
            return _unit_products(rows, self._projections[0])
        return _unit_products(self.residual.aligned_a(rows), self._whitening[0])

    def own(self, rows: FloatArray) -> FloatArray:
        """B's rows ``[n, d_b]`` as unit rows of this basis ``[n, width]``."""
        return _unit_products(rows, self._projections[1] if self._is_wide else self._whitening[1])

    @property
    def _is_wide(self) -> bool:
        return self._b.channels > PROJECTED_FROM

    @cached_property
    def _whitening(self) -> tuple[FloatArray | None, FloatArray | None]:
        """What whitens A's rows, in B's channels, and what whitens B's."""
        whiten_a, whiten_b = self._a.gate_whitening, self._b.gate_whitening
        if whiten_a is None or whiten_b is None:
            return None, None
        if self.residual.keeps_width(self._a.channels):
            return carried_gram(whiten_a, self.residual), whiten_b
        return self._whitening_in_b, whiten_b

    @property
    def _whitening_in_b(self) -> FloatArray | None:
        """What whitens A's rows once they are in B's channels; in streams of one width it is carried over like rows."""
        gram = self._a.gate_gram
        return None if gram is None else whitening_weights(carried_gram(gram, self.residual))

    @cached_property
    def _projections(self) -> tuple[FloatArray, FloatArray]:
        """Of a wide stream what A's rows, as they are, and what B's are multiplied by: all steps in one matrix.

        Rows are many: to carry them over, whiten and project them one after the other would cost several times that.
        """
        projection = _projection(self._b.channels)
        carried = partial(self.residual.carried_back, width_a=self._a.channels)
        whiten_a, whiten_b = self._a.gate_whitening, self._b.gate_whitening
        if whiten_a is None or whiten_b is None:
            return carried(projection), projection
        if self.residual.keeps_width(self._a.channels):
            return whiten_a @ carried(projection), whiten_b @ projection
        of_another_width = self._whitening_in_b
        return carried(projection if of_another_width is None else of_another_width @ projection), whiten_b @ projection


class _SummedChannels:
    """Sums of neighbouring channels with random signs, which keep inner products on average (count sketch).

    Charikar, Chen, Farach-Colton 2002. No direction is whitened, so it is for rows that agree well as they are. Of
    channels that are no multiple the last few are left out.

    Attributes:
        width: numbers a row has.
    """

    def __init__(self, channels: int, residual: ResidualMap) -> None:
        self._residual = residual
        neighbours = max(1, channels // _SUMS)
        self.width = channels // neighbours
        signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), channels)
        self._signs = signs[: self.width * neighbours].reshape(self.width, neighbours)

    def aligned_a(self, rows: FloatArray) -> FloatArray:
        """A's rows ``[n, d_a]`` as unit rows ``[n, width]``."""
        return self.own(self._residual.aligned_a(rows))

    def own(self, rows: FloatArray) -> FloatArray:
        """B's rows ``[n, d_b]`` as unit rows ``[n, width]``."""
        summed = rows[:, : self._signs.size].reshape(len(rows), *self._signs.shape)
        return unit_rows(np.einsum("nwk,wk->nw", summed, self._signs))


def carried_gram(gram: FloatArray, residual: ResidualMap) -> FloatArray:
    """A matrix over A's channels on both sides ``[d_a, d_a]`` in B's channels ``[d_b, d_b]``."""
    return residual.aligned_a(np.ascontiguousarray(residual.aligned_a(gram).T))


def _projection(channels: int) -> FloatArray:
    """Fixed random directions ``[channels, width]``."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((channels, PROJECTED_FROM), dtype=np.float32)


def _unit_products(rows: FloatArray, matrix: FloatArray | None) -> FloatArray:
    """Unit rows of a product; of rows that do not fit the matrix, or without one, of the rows as they are."""
    return unit_rows(rows if matrix is None or matrix.shape[0] != rows.shape[1] else rows @ matrix)
