"""A residual map from Gram matrices alone, where no token and no number says what corresponds.

The Gram matrix of a matrix's rows does not change when its units or heads are reordered or negated, and a rotation of
the residual stream (an order of channels is one) rotates it as a whole. So the eigenvectors of two such matrices,
summed over everything that reads or writes the stream, correspond in order of their eigenvalues but for a sign each;
and the signs are those under which the Gram matrices of single roles agree as well. Where FFNs alone were taken,
attention's would hide them, so that gate rows are tried by themselves, layer by layer. It finds a copy or a light
fine-tune, whose eigenvectors have not mixed, and refining with gate rows takes it further. Up rows of gated FFNs and
down columns are left out: they are held out for what comes after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import NOTHING, ratio, zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set

DoubleArray = npt.NDArray[np.float64]

_ATTENTION = (Role.Q, Role.K, Role.V, Role.O)
_PRODUCTS = 1e12
"""Multiplications that the Gram matrices of one model may take; fewer layers are looked at in wide models."""

_ROUNDS = 200


def spectral_maps(a: CanonicalWeights, b: CanonicalWeights) -> Iterator[ResidualMap]:
    """Rotations that carry the eigenvectors of A's Gram matrices to B's: of all roles, then of gate rows by layer.

    There are none where widths differ, nor of what one of the two does not have.
    """
    if a.channels != b.channels:
        return
    for grams in (_by_role, _by_layer):
        grams_a, grams_b = grams(a), grams(b)
        names = [name for name in grams_a if name in grams_b]
        if names:
            yield _map([grams_a[name] for name in names], [grams_b[name] for name in names])


def _map(of_a: Sequence[DoubleArray], of_b: Sequence[DoubleArray]) -> ResidualMap:
    """The rotation that carries the eigenvectors of the sum of some Gram matrices to those of others."""
    axes_a, axes_b = (np.linalg.eigh(np.sum(grams, axis=0))[1] for grams in (of_a, of_b))
    agreement = np.zeros_like(axes_a)
    for gram_a, gram_b in zip(of_a, of_b, strict=True):
        agreement += _turned(gram_a, axes_a) * _turned(gram_b, axes_b)
    rotation: FloatArray = ((axes_a * _common_signs(agreement)) @ axes_b.T).astype(np.float32)
    return ResidualMap("rotation", rotation=rotation)


def _by_role(weights: CanonicalWeights) -> dict[str, DoubleArray]:
    """For what proposes and for each role of attention the Gram matrix over the stream ``[d, d]``, of trace one."""
    return _summed(weights, ((name, rows) for layer in _looked_at(weights) for name, rows in _rows(weights, layer)))


def _by_layer(weights: CanonicalWeights) -> dict[str, DoubleArray]:
    """The same of what proposes alone, a layer each, as stored: FFNs may have been taken without their norms."""
    matrices = ((layer, weights.proposing(layer)) for layer in _looked_at(weights) if weights.all_propose)
    return _summed(weights, ((str(layer), rows) for layer, found in matrices for rows in _as_stored(weights, found)))


def _as_stored(weights: CanonicalWeights, tensors: Sequence[TensorRef]) -> Iterator[FloatArray]:
    """Whole matrices, one at a time, without the gains in front of them."""
    for tensor in tensors:
        rows = np.arange(tensor.shape[0])
        yield without_set(zero_where_unusable(weights.checkpoint.read([RowRequest(tensor, rows)])[0]), rows)


def _summed(weights: CanonicalWeights, named: Iterable[tuple[str, FloatArray]]) -> dict[str, DoubleArray]:
    sums: dict[str, DoubleArray] = {}
    for name, rows in named:
        if rows.shape[1] == weights.channels:
            unit = unit_rows(rows)
            sums[name] = sums.get(name, 0.0) + (unit.T @ unit).astype(np.float64)
    return {name: ratio(gram, float(np.trace(gram))) for name, gram in sums.items()}


def _proposing(weights: CanonicalWeights, layer: int) -> FloatArray | None:
    """Gate rows of a whole layer, where every layer has them."""
    return weights.proposing_rows(layer) if weights.all_propose else None


def _rows(weights: CanonicalWeights, layer: int) -> Iterator[tuple[str, FloatArray]]:
    """Vectors over the residual channels, whole matrices of them: a part of the units would be another part in B."""
    proposing = _proposing(weights, layer)
    if proposing is not None:
        yield "proposing", proposing
    for role in _ATTENTION:
        matrix = weights.matrix(role, layer)
        if matrix is not None:
            yield role.value, np.ascontiguousarray(matrix.T) if role is Role.O else matrix


def _looked_at(weights: CanonicalWeights) -> list[int]:
    """All layers, or as many, spread evenly, as the products allow."""
    layers = weights.layers()
    first = next((sum(len(rows) for _, rows in _rows(weights, layer)) for layer in layers), 0)
    count = max(1, int(_PRODUCTS / max(1.0, float(first) * weights.channels**2)))
    return spread(layers, count)


def _turned(gram: DoubleArray, axes: DoubleArray) -> DoubleArray:
    """A Gram matrix over other axes, without its diagonal, which has no sign to tell, and of size one."""
    single = axes.astype(np.float32)
    rotated: DoubleArray = (single.T @ gram.astype(np.float32) @ single).astype(np.float64)
    np.fill_diagonal(rotated, 0.0)
    return ratio(rotated, float(np.linalg.norm(rotated)))


def _common_signs(agreement: DoubleArray) -> DoubleArray:
    """Signs s with which s_i s_j fits the signs of a symmetric matrix best: its leading eigenvector's, whitened out."""
    even = np.sqrt(np.abs(agreement).sum(axis=1)) + NOTHING
    balanced = agreement / np.outer(even, even)
    balanced += np.eye(len(balanced))  # its eigenvalues lie between -1 and 1: none is now led by a negative one
    signs = np.random.default_rng(0).standard_normal(len(balanced))
    for _ in range(_ROUNDS):
        signs = balanced @ signs
        signs /= max(float(np.linalg.norm(signs)), NOTHING)
    return np.where(signs < 0, -1.0, 1.0)
