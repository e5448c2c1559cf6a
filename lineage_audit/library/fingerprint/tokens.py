"""Tokens as anchor tokens: a sample of the vocabulary by hash, and the sums of embeddings that it gives.

Tokens are chosen, and put into signed sums, by hashes of their bytes. Two models that share tokens share sums,
whatever the ids and however many tokens were appended; a rotation of the residual channels rotates the sums with all
that reads them, so inner products stay.
"""

from __future__ import annotations

import hashlib

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.reading.finite import NOTHING, zero_where_unusable
from lineage_audit.comparison.reading.set_values import without_set
from lineage_audit.library.fingerprint.parameters import SketchScheme
from lineage_audit.library.fingerprint.projection import FloatArray
from lineage_audit.library.fingerprint.values import TokenSample

FEWEST_TOKENS = 128
"""Tokens below which sums of embeddings say too little."""

_RIDGE = 0.02
"""Share of the mean eigenvalue that is added before the sums are made orthogonal."""


class TokenBasis(Struct, frozen=True, eq=False):
    """Anchor tokens in the residual stream.

    Attributes:
        sums: signed sums of centred embeddings, ``[numbers, width]``.
        basis: the same, made nearly orthonormal by a transformation that no rotation of the channels changes.
    """

    sums: FloatArray
    basis: FloatArray


def sample_tokens(checkpoint: Checkpoint, scheme: SketchScheme) -> TokenSample | None:
    """Choose the tokens with the smallest hashes; row numbers stand for bytes where there is no tokenizer."""
    vocabulary, rows = checkpoint.vocabulary, _embedding_rows(checkpoint)
    if vocabulary is not None and vocabulary.ids:
        items = [(_hashed(token), number) for token, number in vocabulary.ids.items()]
        digest, kind, added = _digest(checkpoint), "bytes", len(vocabulary.added)
    elif rows:
        items = [(_hashed(b"row %d" % row), row) for row in range(rows)]
        digest, kind, added = "", "numbers", 0
    else:
        return None
    chosen = sorted(items)[: scheme.tokens]
    return TokenSample(
        hashes=np.array([hashed for hashed, _ in chosen], dtype=np.uint64),
        ids=np.array([number for _, number in chosen], dtype=np.int64),
        size=len(items),
        added=added,
        digest=digest,
        kind=kind,
    )


def token_basis(weights: CanonicalWeights, sample: TokenSample | None, scheme: SketchScheme) -> TokenBasis | None:
    """Read the sampled tokens' embeddings and sum them up; None where there are too few."""
    tensor = weights.find(Role.EMBED, None)
    if sample is None or tensor is None or len(tensor.shape) != 2:
        return None
    inside = sample.ids < tensor.shape[0]
    if int(inside.sum()) < FEWEST_TOKENS:
        return None
    values = weights.checkpoint.read([RowRequest(tensor, sample.ids[inside])])[0]
    rows = unit_rows(without_set(zero_where_unusable(values), sample.ids[inside]))
    centred = rows - rows.mean(axis=0)
    buckets = (sample.hashes[inside] % np.uint64(scheme.numbers)).astype(np.int64)
    signs = np.where(sample.hashes[inside] >> np.uint64(32) & np.uint64(1), 1.0, -1.0).astype(np.float32)
    sums = np.zeros((scheme.numbers, tensor.shape[1]), dtype=np.float32)
    np.add.at(sums, buckets, centred * signs[:, None])
    return TokenBasis(sums, _nearly_orthonormal(sums)) if sums.any() else None


def _nearly_orthonormal(sums: FloatArray) -> FloatArray:
    """(S Sᵀ + λ)^(-1/2) S: its rows span the same directions with nearly equal weight."""
    gram = sums.astype(np.float64) @ sums.T.astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    scale = (np.maximum(values, 0.0) + _RIDGE * max(float(values.mean()), NOTHING)) ** -0.5
    basis: FloatArray = ((vectors * scale) @ vectors.T @ sums).astype(np.float32)
    return basis


def _embedding_rows(checkpoint: Checkpoint) -> int:
    return next((t.shape[0] for t in checkpoint.core if t.role == Role.EMBED and len(t.shape) == 2), 0)


def _hashed(token: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(token, digest_size=8, person=b"lineage-audit").digest(), "big")


def _digest(checkpoint: Checkpoint) -> str:
    """Over tokens with ids, added tokens with ids, and merges."""
    vocabulary = checkpoint.vocabulary
    if vocabulary is None:
        return ""
    digest = hashlib.sha256()
    for token, number in sorted(vocabulary.ids.items()):
        digest.update(b"%d %d " % (number, len(token)) + token)
    for text, number in sorted(vocabulary.added.items()):
        digest.update(f"added {number} {text!r}".encode("utf-8", "surrogatepass"))
    for left, right in vocabulary.merges:
        digest.update(b"merge %d " % len(left) + left + right)
    return "sha256:" + digest.hexdigest()
