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
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.spreading import spread
from lineage_audit.comparison.alignment.whitening import SOLVED_WHOLE, strongest_directions
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import NOTHING, ratio, zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS

DoubleArray = npt.NDArray[np.float64]

_ATTENTION = (Role.Q, Role.K, Role.V, Role.O)
_PRODUCTS = 1e12
"""Multiplications that the Gram matrices of one model may take; fewer layers are looked at in wide models."""

_ELEMENTS_AT_ONCE = 2**23
"""Elements of a matrix that are held while their products are summed up."""

_ROUNDS = 200

_ASKED_FIRST = 64
"""Eigenvectors of a wide stream that are held against each other before all are made."""

_OVERSAMPLED = 4
"""Directions that are iterated for each of these; the strongest ones have settled then."""


def spectral_maps(a: CanonicalWeights, b: CanonicalWeights) -> Iterator[ResidualMap]:
    """Rotations that carry the eigenvectors of A's Gram matrices to B's: of all roles, then of gate rows by layer.

    There are none where widths differ, nor of what one of the two does not have, nor in a wide stream where the
    strongest eigenvectors alone do not agree.
    """
    if a.channels != b.channels:
        return
    for grams in (_by_role, _by_layer):
        grams_a, grams_b = grams(a), grams(b)
        both = [(grams_a[name], grams_b[name]) for name in grams_a if name in grams_b]
        if both and (a.channels <= SOLVED_WHOLE or strongest_agreement(both) >= MATCHED_CHANNELS.spectra_agree):
            yield _map(both)


def _map(both: Sequence[tuple[FloatArray, FloatArray]]) -> ResidualMap:
    """The rotation that carries the eigenvectors of the sum of some Gram matrices to those of others."""
    axes_a, axes_b = (np.linalg.eigh(np.sum(grams, axis=0, dtype=np.float64))[1] for grams in zip(*both, strict=True))
    agreement = np.zeros_like(axes_a)
    for gram_a, gram_b in both:
        agreement += _turned(gram_a, axes_a) * _turned(gram_b, axes_b)
    rotation: FloatArray = ((axes_a * _common_signs(agreement)) @ axes_b.T).astype(np.float32)
    return ResidualMap("rotation", rotation=rotation)


def strongest_agreement(both: Sequence[tuple[FloatArray, FloatArray]]) -> float:
    """How the Gram matrices of single roles agree over the strongest eigenvectors of their sum, signs left aside.

    The correlation of the sizes of their entries, each row and column weighing the same. It takes a hundredth of what
    all eigenvectors do.
    """
    axes_a, axes_b = (
        strongest_directions(np.sum(grams, axis=0, dtype=np.float32), _OVERSAMPLED * _ASKED_FIRST)[1][:, -_ASKED_FIRST:]
        for grams in zip(*both, strict=True)
    )
    sizes_a, sizes_b = (
        np.concatenate([_evened_sizes(_turned(gram, axes)) for gram in grams])
        for grams, axes in zip(zip(*both, strict=True), (axes_a, axes_b), strict=True)
    )
    return ratio(float(sizes_a @ sizes_b), float(np.linalg.norm(sizes_a)) * float(np.linalg.norm(sizes_b)))


def _evened_sizes(turned: DoubleArray) -> DoubleArray:
    """Sizes of the entries above the diagonal, less their mean, once rows and columns weigh the same."""
    even = np.sqrt(np.abs(turned).mean(axis=1)) + NOTHING
    sizes = (np.abs(turned) / np.outer(even, even))[np.triu_indices(len(turned), 1)]
    evened: DoubleArray = sizes - sizes.mean()
    return evened


def _by_role(weights: CanonicalWeights) -> dict[str, FloatArray]:
    """For what proposes and for each role of attention the Gram matrix over the stream ``[d, d]``, of trace one."""
    return _summed(weights, ((name, rows) for layer in _looked_at(weights) for name, rows in _rows(weights, layer)))


def _by_layer(weights: CanonicalWeights) -> dict[str, FloatArray]:
    """The same of what proposes alone, a layer each, as stored: FFNs may have been taken without their norms."""
    matrices = ((layer, weights.proposing(layer)) for layer in _looked_at(weights) if weights.all_propose)
    return _summed(weights, ((str(layer), rows) for layer, found in matrices for rows in _as_stored(weights, found)))


def _as_stored(weights: CanonicalWeights, tensors: Sequence[TensorRef]) -> Iterator[FloatArray]:
    """The rows of some matrices, some at a time, without the gains in front of them."""
    for tensor in tensors:
        for rows in _pieces(*tensor.shape):
            yield without_set(zero_where_unusable(weights.checkpoint.read([RowRequest(tensor, rows)])[0]), rows)


def _summed(weights: CanonicalWeights, named: Iterable[tuple[str, FloatArray]]) -> dict[str, FloatArray]:
    """Gram matrices by name, of the rows that come under it, each of trace one."""
    sums: dict[str, FloatArray] = {}
    for name, rows in named:
        if rows.shape[1] == weights.channels:
            unit = unit_rows(rows)
            inner = unit.T @ unit
            sums[name] = np.add(sums[name], inner, out=inner) if name in sums else inner
    for gram in sums.values():
        gram /= max(float(np.trace(gram)), NOTHING)
    return sums


def _rows(weights: CanonicalWeights, layer: int) -> Iterator[tuple[str, FloatArray]]:
    """Vectors over the residual channels, some at a time, of all units: a part of them would be another part in B."""
    if weights.all_propose:
        for tensor in weights.proposing(layer):
            for rows in _pieces(*tensor.shape):
                some = weights.some_rows(tensor.role, layer, tensor.expert, rows)
                if some is not None:
                    yield "proposing", some
    for role in _ATTENTION:
        matrix = weights.matrix(role, layer)
        if matrix is not None:
            yield role.value, np.ascontiguousarray(matrix.T) if role is Role.O else matrix


def _pieces(rows: int, width: int) -> Iterator[IntArray]:
    """The numbers of a matrix's rows, as many together as are held at a time."""
    step = max(1, _ELEMENTS_AT_ONCE // width)
    return (np.arange(start, min(rows, start + step)) for start in range(0, rows, step))


def _looked_at(weights: CanonicalWeights) -> list[int]:
    """All layers, or as many, spread evenly, as the products allow."""
    layers = weights.layers()
    first = next((_vectors(weights, layer) for layer in layers), 0)
    return spread(layers, max(1, int(_PRODUCTS / max(1.0, float(first) * weights.channels**2))))


def _vectors(weights: CanonicalWeights, layer: int) -> int:
    """How many vectors over the stream a layer has."""
    attention = [(role, weights.find(role, layer)) for role in _ATTENTION]
    read = sum(tensor.shape[role is Role.O] for role, tensor in attention if tensor is not None)
    return read + sum(tensor.shape[0] for tensor in weights.proposing(layer) if weights.all_propose)


def _turned(gram: FloatArray, axes: FloatArray | DoubleArray) -> DoubleArray:
    """A Gram matrix over other axes, without its diagonal, which has no sign to tell, and of size one."""
    single = axes.astype(np.float32)
    rotated: DoubleArray = (single.T @ gram @ single).astype(np.float64)
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
