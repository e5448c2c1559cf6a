"""Anchor tokens of a certificate, drawn by the seed from those that both models have, and the directions they give.

A token is the same vector of the residual stream whatever the stream's channels are called, so the numbers W·Eᵀ of a
row W over tokens E do not change when the stream is permuted, negated or rotated.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec import Struct

from lineage_audit.certificate.identity import draw
from lineage_audit.certificate.vectors import BoolArray, DoubleArray, FloatArray, believed, unit
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.invariants.anchor_tokens import embedding_of

RUNS, RUN = 8, 32
"""Runs of tokens that are neighbours in B, one in each eighth of the first half, where the common tokens stand."""

_FEWEST = 48
"""Tokens below which nothing is asked."""

_RIDGE = 0.1
"""Share of the mean eigenvalue that is added before directions among the tokens are weighed alike."""


class _Anchors(Struct, frozen=True, eq=False):
    """Anchor tokens in both models.

    Attributes:
        ids: ``[tokens, 2]``: id in A, id in B.
        a: A's embeddings of them as stored, ``[tokens, width of A]``.
        b: B's.
    """

    ids: IntArray
    a: FloatArray
    b: FloatArray


def draw_anchors(a: Checkpoint, b: Checkpoint, seed: str) -> _Anchors | None:
    """Draw and read the anchor tokens; None where too few are shared, or an embedding cannot be read."""
    embed_a, embed_b = embedding_of(a), embedding_of(b)
    if embed_a is None or embed_b is None:
        return None
    shared = _shared_tokens(a, b)
    shared = shared[(shared[:, 0] < embed_a.shape[0]) & (shared[:, 1] < embed_b.shape[0])]
    chosen = shared[_drawn_places(len(shared), seed)]
    if len(chosen) < _FEWEST:
        return None
    rows_a = a.read([RowRequest(embed_a, chosen[:, 0])])[0]
    rows_b = b.read([RowRequest(embed_b, chosen[:, 1])])[0]
    usable = _tell_apart(rows_a) & _tell_apart(rows_b)
    if int(usable.sum()) < _FEWEST:
        return None
    return _Anchors(chosen[usable], rows_a[usable], rows_b[usable])


def _shared_tokens(a: Checkpoint, b: Checkpoint) -> IntArray:
    """Ids in A and B of the ordinary tokens that both have, by their bytes, in B's order; without tokenizers rows."""
    if a.vocabulary is None or b.vocabulary is None:
        rows = min(tensor.shape[0] if (tensor := embedding_of(one)) is not None else 0 for one in (a, b))
        return np.repeat(np.arange(rows), 2).reshape(-1, 2)
    ids_a, ids_b = a.vocabulary.ids, b.vocabulary.ids
    pairs = sorted((number, ids_a[token]) for token, number in ids_b.items() if token in ids_a)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)[:, ::-1]


def _drawn_places(count: int, seed: str) -> IntArray:
    """Places among so many shared tokens: a run in each eighth of the first half; all of it where it is short."""
    half = max(count // 2, min(count, RUNS * RUN))
    if half <= RUNS * RUN:
        return np.arange(half)
    bounds = [half * part // RUNS for part in range(RUNS + 1)]
    starts = [
        low + draw(seed, f"tokens/{part}", high - low - RUN + 1) for part, (low, high) in enumerate(pairwise(bounds))
    ]
    return np.concatenate([np.arange(start, start + RUN) for start in starts])


def _tell_apart(rows: FloatArray) -> BoolArray:
    """Embeddings that are numbers, that vary, and that no earlier one repeats."""
    values, believable = believed(rows)
    _, first = np.unique(values, axis=0, return_index=True)
    distinct = np.isin(np.arange(len(values)), first)
    usable: BoolArray = believable & distinct & (np.ptp(values, axis=1) > 0)
    return usable


def directions(embeddings: FloatArray) -> DoubleArray:
    """What rows are held against, ``[tokens, width]``: centred, of length one, all directions weighed nearly alike.

    The transformation is made of the tokens' inner products alone, which no change of the stream's basis moves.
    """
    values = embeddings.astype(np.float64)
    rows = unit(values - values.mean(axis=0))
    sizes, vectors = np.linalg.eigh(rows @ rows.T)
    weights = 1.0 / np.sqrt(np.maximum(sizes, 0.0) + _RIDGE * sizes.mean())
    whitened: DoubleArray = (vectors * weights) @ vectors.T @ rows
    return whitened
