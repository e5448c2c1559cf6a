"""B's residual stream in terms of A's, from the embeddings of the tokens that both have.

Channels in another order show as a clear assignment on |correlation| of embedding columns. Otherwise an orthogonal
Procrustes fit is proposed. Independent models can be fitted so too: the fit proposes, and only layer weights that it
never saw decide.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.assignment import assign, clear_lead, mean_lead
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.finite import zero_where_unusable
from lineage_audit.comparison.pairing import rows_of_tokens

CLEAR_LEAD = 0.1
"""Mean lead of the matched |correlation| over the second best at which channels count as matched."""

_MOST_TOKENS = 8192
_FEWEST_TOKENS = 32


def find_residual_map(
    a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None
) -> ResidualMap | None:
    """Propose how B's channels come from A's; None where the embeddings cannot tell.

    Args:
        a: model A.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
    """
    tensor_a, tensor_b = a.find(Role.EMBED, None), b.find(Role.EMBED, None)
    if tensor_a is None or tensor_b is None or len(tensor_a.shape) != 2 or len(tensor_b.shape) != 2:
        return ResidualMap("same") if _same_width(a, b) else None
    rows_b, rows_a = _tokens(tensor_a, tensor_b, token_rows)
    if len(rows_b) < _FEWEST_TOKENS:
        return ResidualMap("same") if _same_width(a, b) else None
    embed_a = zero_where_unusable(a.checkpoint.read([RowRequest(tensor_a, rows_a)])[0])
    embed_b = zero_where_unusable(b.checkpoint.read([RowRequest(tensor_b, rows_b)])[0])
    return _from_columns(embed_a, embed_b) or _from_procrustes(embed_a, embed_b)


def _tokens(
    tensor_a: TensorRef, tensor_b: TensorRef, token_rows: tuple[IntArray, IntArray] | None
) -> tuple[IntArray, IntArray]:
    """Rows of B and of A to fit on, spread over the vocabulary."""
    rows_b, rows_a = rows_of_tokens(tensor_a, tensor_b, token_rows)
    step = max(1, len(rows_b) // _MOST_TOKENS)
    return rows_b[::step], rows_a[::step]


def _from_columns(embed_a: FloatArray, embed_b: FloatArray) -> ResidualMap | None:
    """Match single channels, with signs; None unless the match is clear."""
    columns_a, columns_b = _centred_columns(embed_a), _centred_columns(embed_b)
    if len(columns_b) > len(columns_a):
        return None
    correlation = columns_b @ columns_a.T
    sizes = np.abs(correlation)
    everyone = np.arange(len(columns_b))
    if len(columns_a) == len(columns_b) and bool((sizes.argmax(axis=1) == everyone).mean() > 0.5):
        own = np.diagonal(correlation)
        if float((own > 0).mean()) > 0.95:
            return ResidualMap("same", fit=float(np.abs(own).mean()))
    if mean_lead(sizes) < clear_lead(CLEAR_LEAD, len(embed_b)):
        return None
    channels = assign(sizes)
    matched = correlation[everyone, channels]
    signs = np.where(matched < 0, -1.0, 1.0).astype(np.float32)
    return ResidualMap("channels", channels=channels, signs=signs, fit=float(np.abs(matched).mean()))


def _centred_columns(tokens: FloatArray) -> FloatArray:
    """Columns over tokens, centred and of length one, as rows ``[channels, tokens]``."""
    columns = tokens.T
    return unit_rows(columns - columns.mean(axis=1, keepdims=True))


def _from_procrustes(embed_a: FloatArray, embed_b: FloatArray) -> ResidualMap | None:
    """The orthogonal matrix that carries A's embeddings closest to B's; its fit is measured on every other token."""
    if embed_a.shape[1] != embed_b.shape[1]:
        return None
    rotation = _procrustes(embed_a, embed_b)
    half = _procrustes(embed_a[::2], embed_b[::2])
    left = embed_b[1::2] - embed_a[1::2] @ half
    explained = 1.0 - float(np.square(left).sum()) / max(float(np.square(embed_b[1::2]).sum()), 1e-30)
    return ResidualMap("rotation", rotation=rotation, fit=explained)


def _procrustes(a: FloatArray, b: FloatArray) -> FloatArray:
    """Orthogonal R that minimises ‖a R - b‖ (Schönemann 1966)."""
    left, _, right = np.linalg.svd((a.T.astype(np.float64) @ b.astype(np.float64)), full_matrices=False)
    rotation: FloatArray = (left @ right).astype(np.float32)
    return rotation


def _same_width(a: CanonicalWeights, b: CanonicalWeights) -> bool:
    """Tell whether the layers of both read equally many channels."""
    widths = {
        tensor.shape[-1]
        for weights in (a, b)
        for tensor in weights.checkpoint.tensors
        if tensor.role in (Role.Q, Role.UP) and tensor.slot == "weight"
    }
    return len(widths) == 1
