"""Tokens that both models have, as the basis in which weights of any width, order or rotation can be compared.

A token is the same vector of the residual stream whatever the stream's channels are called: with E the embeddings of
n shared tokens, the n numbers W Eᵀ of a row W (the norm gain in front of it folded in) do not change when the stream
is permuted, negated or rotated, since W and E rotate together. Nothing is fitted. Tokens are chosen by their ids or by
hashes of their bytes, never by a weight.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorKey, TensorRef
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.invariants.decorrelation import decorrelated
from lineage_audit.comparison.pairing.tensors import rows_of_tokens
from lineage_audit.comparison.reading.finite import are_usable, zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set

FloatArray = npt.NDArray[np.float32]

TOKENS = 256
"""Anchor tokens; the noise of a cosine over n of them is about 1 / √n."""

FEWEST_TOKENS = 48
"""Anchor tokens below which nothing is asked of them."""

_RUNS = 4
"""Runs of neighbouring ids in which they are read where both models number them alike: four requests, not 256."""

_COMMON_SHARE = 2
"""Runs are taken from the first half of the ids, where the common tokens stand."""

_LEAST_RANGE = 1e-15
"""Range of a row's numbers below which it holds none: squares of less underflow."""

_SHORTEST_TOKEN = 4
"""Bytes of a token that is drawn by its hash: short ones are often fragments."""

_HASHED = 8192
"""Shared tokens, spread evenly over the ids, that are hashed at most."""


class AnchorTokens(Struct, frozen=True, eq=False, dict=True):
    """Embeddings of the same tokens in both models, as stored.

    Attributes:
        a: A's rows, ``[tokens, width of A]``.
        b: B's rows, ``[tokens, width of B]``.
    """

    a: FloatArray
    b: FloatArray

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.a)

    @cached_property
    def directions_a(self) -> FloatArray:
        """What A's rows are held against, ``[tokens, width]``."""
        return _directions(self.a)

    @cached_property
    def directions_b(self) -> FloatArray:
        """The same of B."""
        return _directions(self.b)


def read_anchor_tokens(
    a: Checkpoint, b: Checkpoint, token_rows: tuple[IntArray, IntArray] | None, count: int = TOKENS
) -> AnchorTokens | None:
    """Read the embeddings of tokens that both have; None where they are too few, or an embedding cannot be read.

    Args:
        a: model A.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
        count: how many to read.
    """
    embed_a, embed_b = embedding_of(a), embedding_of(b)
    if embed_a is None or embed_b is None:
        return None
    rows_b, rows_a = rows_of_tokens(embed_a, embed_b, token_rows)
    chosen = _choose(b, rows_b, rows_a, count)
    if len(chosen) < FEWEST_TOKENS:
        return None
    values_a, values_b = _read(a, embed_a, rows_a[chosen]), _read(b, embed_b, rows_b[chosen])
    usable = _tell_tokens_apart(values_a) & _tell_tokens_apart(values_b)
    if int(usable.sum()) < FEWEST_TOKENS:
        return None
    return AnchorTokens(values_a[usable], values_b[usable])


def _read(checkpoint: Checkpoint, tensor: TensorRef, rows: IntArray) -> FloatArray:
    """Rows of an embedding, without what was set in them."""
    values = zero_where_unusable(checkpoint.read([RowRequest(tensor, rows)])[0])
    return without_set(values, rows)


def embedding_of(checkpoint: Checkpoint) -> TensorRef | None:
    """The token embedding, if it can be read by rows."""
    tensor = checkpoint.by_key.get(TensorKey(Role.EMBED, "weight", None, None))
    return tensor if tensor is not None and len(tensor.shape) == 2 and is_readable(tensor) else None


def _choose(b: Checkpoint, rows_b: IntArray, rows_a: IntArray, count: int) -> IntArray:
    """Positions into the shared tokens: a few runs of neighbours where both number them alike, else by hash."""
    length = count // _RUNS
    if len(rows_b) <= count:
        return np.arange(len(rows_b))
    follows = np.concatenate([[0], np.cumsum((np.diff(rows_b) != 1) | (np.diff(rows_a) != 1))])
    starts = np.flatnonzero(follows[: -length + 1] == follows[length - 1 :]) if len(rows_b) >= length else np.empty(0)
    starts = starts[: max(1, len(starts) // _COMMON_SHARE)] if len(starts) else starts
    picked = starts[np.linspace(0, len(starts) - 1, _RUNS + 2).astype(np.int64)[1:-1]] if len(starts) else starts
    if len(picked) == _RUNS and bool((np.diff(picked) >= length).all()):
        return (picked[:, None] + np.arange(length)).ravel().astype(np.int64)
    return _by_hash(b, rows_b, count)


def _by_hash(b: Checkpoint, rows_b: IntArray, count: int) -> IntArray:
    """The shared tokens with the smallest hashes, the longer ones first."""
    names = {} if b.vocabulary is None else {number: token for token, number in b.vocabulary.ids.items()}
    positions = np.arange(0, len(rows_b), -(-len(rows_b) // _HASHED))

    def rank(position: int) -> tuple[bool, bytes]:
        token = names.get(int(rows_b[position]), b"row %d" % rows_b[position])
        return len(token.strip()) < _SHORTEST_TOKEN, hashlib.blake2b(token, digest_size=8).digest()

    return np.sort(np.array(sorted(positions.tolist(), key=rank)[:count], dtype=np.int64))


def _directions(values: FloatArray) -> FloatArray:
    """Tokens centred, scaled to length one, and all directions among them weighed nearly alike.

    The weights are made of the tokens' inner products, which no change of the stream's basis moves.
    """
    unit = unit_rows(values - values.mean(axis=0))
    return np.ascontiguousarray(decorrelated(np.ascontiguousarray(unit.T)).T)


def _tell_tokens_apart(values: FloatArray) -> npt.NDArray[np.bool_]:
    """Rows that are numbers, that vary, and that no earlier row repeats: untrained tokens are often all alike."""
    clean = zero_where_unusable(values)
    varies = are_usable(values).all(axis=1) & (np.ptp(clean, axis=1) > _LEAST_RANGE)
    _, first = np.unique(clean, axis=0, return_index=True)
    is_first = np.zeros(len(values), dtype=bool)
    is_first[first] = True
    usable: npt.NDArray[np.bool_] = varies & is_first
    return usable
