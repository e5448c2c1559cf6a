"""B's residual stream in terms of A's: proposed from embeddings and gate rows, chosen and refined by gate rows.

Channels in another order show as a clear assignment on |correlation| of embedding columns, and then nothing else is
tried. Otherwise several maps are proposed (the same numbers, a looser assignment, an orthogonal Procrustes fit, an
assignment on the gate columns of layers with the same number, and where none of them leads far, eigenvectors of Gram
matrices), each is scored by how clearly gate rows of B find their counterparts in A under it, and refined by fitting
again with the rows that did. Independent models can be fitted so too: the fit proposes, and only weights that it never
saw (up and down, values and outputs) decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.reading import RowRequest
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.assignment import assign, clear_match_margin
from lineage_audit.comparison.alignment.basis import PROJECTED_FROM, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.gate_rows import gate_match_margin, matched_gate_rows, same_number_gate_rows
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.spectral import spectral_maps
from lineage_audit.comparison.alignment.vector_fits import (
    MatchedVectors,
    fit_channels,
    fit_rotation,
    held_out_fit,
    keeps_numbers,
)
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.pairing.tensors import rows_of_tokens
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS

_TOKEN_BYTES = 192 * 2**20
"""Bytes of embeddings, as float32, that each side is fitted on at most."""

_FEWEST_TOKENS = 32


_CHEAP_SPECTRA = 2048
"""Channels beyond which Gram matrices take minutes, and are asked only where a tokenizer is missing."""


_MOST_ROUNDS = 6


def find_residual_map(
    a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None
) -> ResidualMap | None:
    """Propose how B's channels come from A's; None where nothing can tell.

    Args:
        a: model A.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
    """
    tokens = _shared_tokens(a, b, token_rows)
    if tokens is not None and (tokens.width_a, tokens.width_b) != (a.channels, b.channels):
        tokens = None  # embeddings of a width of their own say nothing of the stream
    clear = _clear_channels(tokens) if tokens is not None else None
    if clear is not None:
        return clear
    best: ResidualMap | None = None
    best_match_margin = 0.0
    for proposed in _proposals(a, b, tokens):
        refined, match_margin = _refined(a, b, proposed, tokens)
        if best is None or match_margin > best_match_margin + MATCHED_CHANNELS.margin_gain:
            best, best_match_margin = refined, match_margin
    spectra = spectral_maps(a, b) if _are_worth_spectra(a, b) else iter(())
    while best_match_margin < MATCHED_CHANNELS.found_margin and (spectral := next(spectra, None)) is not None:
        refined, match_margin = _refined(a, b, spectral, None)  # tokens may have been renumbered
        if best is None or match_margin > best_match_margin + MATCHED_CHANNELS.margin_gain:
            best, best_match_margin = refined, match_margin
    return None if best is None else _as_channels(best)


def _are_worth_spectra(a: CanonicalWeights, b: CanonicalWeights) -> bool:
    """Tell whether Gram matrices may find what embeddings cannot, or cost little."""
    tokens_known = a.checkpoint.vocabulary is not None and b.checkpoint.vocabulary is not None
    return not tokens_known or b.channels <= _CHEAP_SPECTRA


def _as_channels(found: ResidualMap) -> ResidualMap:
    """The same map as an order of channels with signs, where a rotation is nothing else."""
    if found.rotation is None or found.kind == "copies":
        return found
    sizes = np.abs(found.rotation)
    if float(sizes.max(axis=0).mean()) < MATCHED_CHANNELS.one_channel:
        return found
    channels = assign(np.ascontiguousarray(sizes.T))
    signs = np.sign(found.rotation[channels, np.arange(len(channels))]).astype(np.float32)
    return ResidualMap("channels", channels=channels, signs=signs)


def _clear_channels(tokens: MatchedVectors) -> ResidualMap | None:
    """The channels' assignment by embedding columns, if it is clear."""
    if tokens.width_b > tokens.width_a:
        return None
    for vectors in _plain_then_whitened(tokens):
        if keeps_numbers(vectors):
            return ResidualMap("same")
        found, match_margin = fit_channels(vectors)
        if match_margin >= clear_match_margin(MATCHED_CHANNELS.clear_margin, len(tokens.a)):
            return found
    return None


def _plain_then_whitened(tokens: MatchedVectors) -> Iterator[MatchedVectors]:
    """The whitened vectors cost more, and are made only if the plain ones leave it open."""
    yield tokens
    yield tokens.whitened


def _proposals(a: CanonicalWeights, b: CanonicalWeights, tokens: MatchedVectors | None) -> Iterator[ResidualMap]:
    """Maps to try, the simplest first."""
    same_width = _same_width(a, b)
    if same_width:
        yield ResidualMap("same")
    if tokens is not None and tokens.width_b <= tokens.width_a:
        yield fit_channels(tokens.whitened)[0]
    if tokens is not None and same_width and tokens.width_a == tokens.width_b:
        fit = held_out_fit(tokens.whitened)
        if tokens.width_b <= PROJECTED_FROM or fit >= MATCHED_CHANNELS.worth_rotating:
            yield replace(fit_rotation(tokens.whitened), fit=fit)
    numbered = same_number_gate_rows(a, b)
    if numbered is not None and numbered.width_b <= numbered.width_a:
        yield replace(fit_channels(numbered.whitened)[0], fit=None)


def _refined(
    a: CanonicalWeights, b: CanonicalWeights, proposed: ResidualMap, tokens: MatchedVectors | None
) -> tuple[ResidualMap, float]:
    """Fit again with the gate rows that found their counterparts, as long as that makes more of them do so."""
    best, basis = proposed, SharedBasis(a, b, proposed)
    best_match_margin = gate_match_margin(a, b, basis)
    is_hopeless = b.channels > PROJECTED_FROM and best_match_margin < MATCHED_CHANNELS.worth_refining
    for _ in range(_MOST_ROUNDS if proposed.kind != "same" and not is_hopeless else 0):
        matched = matched_gate_rows(a, b, basis)
        if matched is None:
            break
        together = matched.whitened if tokens is None else tokens.whitened.and_also(matched.whitened)
        again = fit_rotation(together) if proposed.kind == "rotation" else fit_channels(together)[0]
        basis = SharedBasis(a, b, again)
        match_margin = gate_match_margin(a, b, basis)
        if match_margin <= best_match_margin + MATCHED_CHANNELS.margin_gain:
            break
        best, best_match_margin = replace(again, fit=proposed.fit), match_margin
    return best, best_match_margin


def _shared_tokens(
    a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None
) -> MatchedVectors | None:
    """Embeddings of tokens that both have, spread over the vocabulary, as unit rows; None where there are too few."""
    tensor_a, tensor_b = a.find(Role.EMBED, None), b.find(Role.EMBED, None)
    if tensor_a is None or tensor_b is None or len(tensor_a.shape) != 2 or len(tensor_b.shape) != 2:
        return None
    rows_b, rows_a = rows_of_tokens(tensor_a, tensor_b, token_rows)
    if len(rows_b) < _FEWEST_TOKENS:
        return None
    step = max(1, math.ceil(4 * tensor_b.shape[1] * len(rows_b) / _TOKEN_BYTES))
    return MatchedVectors(_embeddings(a, tensor_a, rows_a[::step]), _embeddings(b, tensor_b, rows_b[::step]))


def _embeddings(weights: CanonicalWeights, tensor: TensorRef, rows: IntArray) -> FloatArray:
    return unit_rows(zero_where_unusable(weights.checkpoint.read([RowRequest(tensor, rows)])[0]))


def _same_width(a: CanonicalWeights, b: CanonicalWeights) -> bool:
    """Tell whether the layers of both read equally many channels."""
    widths = {
        tensor.shape[-1]
        for weights in (a, b)
        for tensor in weights.checkpoint.core
        if tensor.role in (Role.Q, Role.UP, Role.MIXER_V) and tensor.slot == "weight"
    }
    return len(widths) == 1
