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
from msgspec import Struct
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
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.alignment.vector_fits import (
    MatchedVectors,
    agreement_of_cosines,
    fit_channels,
    fit_rotation,
    held_out_fit,
    keeps_numbers,
)
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.pairing.tensors import rows_of_tokens
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.comparison.verdict.thresholds import MATCHED_CHANNELS

_TOKEN_BYTES = 128 * 2**20
"""Bytes of embeddings, as float32, that each side is fitted on at most: twice as many as channels at 4,096."""

_FEWEST_TOKENS = 32

_CHEAP_SPECTRA = 2048
"""Channels beyond which Gram matrices take minutes, and are asked only where a tokenizer is missing."""

_MOST_ROUNDS = 6


class _Scored(Struct, frozen=True):
    """A residual map, and the mean match margin of gate rows under it; infinite where embeddings were clear."""

    residual: ResidualMap
    match_margin: float


def find_residual_map(
    a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None
) -> ResidualMap | None:
    """Propose how B's channels come from A's; None where nothing can tell.

    Args:
        a: model A.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
    """
    best = _by_tokens_or_numbers(a, b, token_rows)
    spectra = spectral_maps(a, b) if _are_worth_spectra(a, b) else iter(())
    while _is_open(best) and (spectral := next(spectra, None)) is not None:
        best = _better(best, _refined(a, b, spectral, None))  # tokens may have been renumbered
    return None if best is None else _as_channels(best.residual)


def _by_tokens_or_numbers(
    a: CanonicalWeights, b: CanonicalWeights, token_rows: tuple[IntArray, IntArray] | None
) -> _Scored | None:
    """The best map that shared tokens, or the same numbers, propose."""
    tokens = _shared_tokens(a, b, token_rows)
    if tokens is not None and (tokens.width_a, tokens.width_b) != (a.channels, b.channels):
        tokens = None  # embeddings of a width of their own say nothing of the stream
    clear = _clear_channels(tokens) if tokens is not None else None
    if clear is not None:
        return _Scored(clear, math.inf)
    evened = _evened(tokens)
    del tokens  # half a gigabyte at the width of a 7B model
    best: _Scored | None = None
    for proposed in _proposals(a, b, evened):
        best = _better(best, _refined(a, b, proposed, evened))
    return best


def _is_open(best: _Scored | None) -> bool:
    return best is None or best.match_margin < MATCHED_CHANNELS.found_margin


def _better(best: _Scored | None, other: _Scored) -> _Scored:
    """The second of two maps only where it shows clearly more: the first is the simpler one."""
    if best is not None and other.match_margin <= best.match_margin + MATCHED_CHANNELS.margin_gain:
        return best
    return other


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
    """Maps to try, the simplest first.

    Args:
        a: model A.
        b: model B.
        tokens: shared tokens, in which all directions weigh the same.
    """
    same_width = _same_width(a, b)
    if same_width:
        yield ResidualMap("same")
    if tokens is not None and tokens.width_b <= tokens.width_a:
        yield fit_channels(tokens)[0]
    if tokens is not None and same_width and tokens.width_a == tokens.width_b and _is_worth_rotating(tokens):
        yield replace(fit_rotation(tokens), fit=held_out_fit(tokens))
    numbered = _evened(same_number_gate_rows(a, b))
    if numbered is not None and numbered.width_b <= numbered.width_a:
        yield replace(fit_channels(numbered)[0], fit=None)


def _evened(vectors: MatchedVectors | None) -> MatchedVectors | None:
    return None if vectors is None else vectors.whitened


def _is_worth_rotating(tokens: MatchedVectors) -> bool:
    """Tell whether a rotation costs little, or what no rotation changes agrees."""
    return tokens.width_b <= PROJECTED_FROM or agreement_of_cosines(tokens) >= MATCHED_CHANNELS.worth_rotating


def _refined(a: CanonicalWeights, b: CanonicalWeights, proposed: ResidualMap, tokens: MatchedVectors | None) -> _Scored:
    """Fit again with the gate rows that found their counterparts, as long as that makes more of them do so."""
    basis = SharedBasis(a, b, proposed)
    best = _Scored(proposed, gate_match_margin(a, b, basis))
    is_hopeless = b.channels > PROJECTED_FROM and best.match_margin < MATCHED_CHANNELS.worth_refining
    for _ in range(_MOST_ROUNDS if proposed.kind != "same" and not is_hopeless else 0):
        matched = matched_gate_rows(a, b, basis)
        if matched is None:
            break
        together = matched.whitened if tokens is None else tokens.and_also(matched.whitened)
        again = fit_rotation(together) if proposed.kind == "rotation" else fit_channels(together)[0]
        basis = SharedBasis(a, b, again)
        match_margin = gate_match_margin(a, b, basis)
        if match_margin <= best.match_margin + MATCHED_CHANNELS.margin_gain:
            break
        best = _Scored(replace(again, fit=proposed.fit), match_margin)
    return best


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
    some = spread_numbers(len(rows_b), max(_FEWEST_TOKENS, _TOKEN_BYTES // (4 * tensor_b.shape[1])))
    return MatchedVectors(_embeddings(a, tensor_a, rows_a[some]), _embeddings(b, tensor_b, rows_b[some]))


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
