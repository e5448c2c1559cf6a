"""Streams matrices past the projections: sketches of rows, or of columns, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set
from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.projection import FloatArray, channel_signs, to_levels
from lineage_audit.library.fingerprint.tokens import TokenBasis
from lineage_audit.library.fingerprint.values import Sketches

_BLOCK_ELEMENTS = 8 * 2**20
"""Elements of a matrix that are in memory at once."""


class RawSketches(Struct, frozen=True, eq=False):
    """Sketches before they are quantised: float32 ``[vectors, numbers]`` twice, and norms ``[vectors]``."""

    channels: FloatArray
    tokens: FloatArray
    sizes: FloatArray

    def quantised(self, scheme: SketchScheme) -> Sketches:
        """Four-bit levels."""
        return Sketches(to_levels(self.channels, scheme), to_levels(self.tokens, scheme), self.sizes)

    def take(self, chosen: IntArray) -> RawSketches:
        """Some of them."""
        return RawSketches(self.channels[chosen], self.tokens[chosen], self.sizes[chosen])


class Lens(Struct, frozen=True, eq=False):
    """What vectors are projected on: the fixed signs of channels, and the model's own token anchor tokens."""

    checkpoint: Checkpoint
    basis: TokenBasis | None
    scheme: SketchScheme

    def rows(self, tensor: TensorRef, gain: FloatArray | None, rows: IntArray) -> RawSketches:
        """Sketch some rows of a matrix ``[out, width]``, norm gains multiplied into its columns."""
        return joined([self._project(_folded(_varying(block), gain)) for _, block in self._blocks(tensor, rows)])

    def summed_rows(self, tensor: TensorRef, gain: FloatArray | None, rows: npt.NDArray[np.int64]) -> RawSketches:
        """Sketch sums of rows: ``rows`` is ``[vectors, summands]`` (the query heads of a group)."""
        values = _varying(_trained(self.checkpoint.read([RowRequest(tensor, rows.ravel())])[0], rows.ravel()))
        return self._project(_folded(values.reshape(*rows.shape, -1).sum(axis=1), gain))

    def columns(self, tensor: TensorRef, columns: IntArray, *, whole: bool) -> RawSketches:
        """Sketch sums of columns of a matrix ``[width, in]``; ``columns`` is ``[vectors, summands]``.

        The channel sketch looks at the first channels alone; the token sketch needs all rows, so it is left empty
        unless the matrix is read ``whole``.
        """
        width, kept = tensor.shape[0], min(tensor.shape[0], self.scheme.written_channels)
        signs = channel_signs(width, self.scheme)
        low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
        channels = np.zeros((len(columns), self.scheme.numbers), dtype=np.float32)
        tokens, squares = np.zeros_like(channels), np.zeros(len(columns), dtype=np.float64)
        basis = self.basis.basis if self.basis and self.basis.basis.shape[1] == width else None
        for positions, block in self._blocks(tensor, np.arange(width if whole else kept)):
            summed = block[:, columns[:, 0]] if columns.shape[1] == 1 else block[:, columns].sum(axis=2)
            low, high = np.minimum(low, summed.min(axis=0)), np.maximum(high, summed.max(axis=0))
            first = positions < kept
            channels += summed[first].T @ signs[positions[first]]
            if whole and basis is not None:
                tokens += summed.T @ basis[:, positions].T
            squares += np.einsum("ij,ij->j", summed, summed, dtype=np.float64)
        sizes = np.sqrt(squares) if whole else np.zeros(len(columns))
        varies = (high > low)[:, None]
        return RawSketches(channels * varies, tokens * varies, sizes.astype(np.float32))

    def _project(self, vectors: FloatArray) -> RawSketches:
        width = vectors.shape[1]
        tokens = np.zeros((len(vectors), self.scheme.numbers), dtype=np.float32)
        if self.basis is not None and self.basis.basis.shape[1] == width:
            tokens = vectors @ self.basis.basis.T
        sizes = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)).astype(np.float32)
        return RawSketches(vectors @ channel_signs(width, self.scheme), tokens, sizes)

    def _blocks(self, tensor: TensorRef, rows: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
        """Read rows in blocks; a transposed matrix at once, since each read of it is a read of the whole."""
        step = max(1, _BLOCK_ELEMENTS // max(1, tensor.shape[1]))
        if any(part.transposed for part in tensor.parts):
            step = max(1, len(rows))
        for start in range(0, len(rows), step):
            chosen = rows[start : start + step]
            yield chosen, _trained(self.checkpoint.read([RowRequest(tensor, chosen)])[0], chosen)


def joined(parts: Sequence[RawSketches]) -> RawSketches:
    """The vectors of several, one after the other."""
    return RawSketches(
        np.concatenate([part.channels for part in parts]),
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.sizes for part in parts]),
    )


def _trained(values: FloatArray, rows: IntArray) -> FloatArray:
    """The same without what is no number, or was set."""
    return without_set(zero_where_unusable(values), rows)


def _varying(values: FloatArray) -> FloatArray:
    """Rows that are one constant become zero: what starts constant has no sign of its own."""
    varying: FloatArray = values * (values.max(axis=1) > values.min(axis=1))[:, None]
    return varying


def _folded(values: FloatArray, gain: FloatArray | None) -> FloatArray:
    return values if gain is None or len(gain) != values.shape[1] else values * gain
