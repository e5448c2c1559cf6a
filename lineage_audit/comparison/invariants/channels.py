"""How the residual channels of two models correspond, from the embeddings of anchor tokens alone.

A channel is a column of the embedding; a copy's columns are its original's, in an order and with signs of their own.
Where no column finds another but the tokens' inner products agree, the stream was rotated: that leaves no map that a
few tokens could give, yet it tells that there is one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.assignment import assign, clear_match_margin, match_margins
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import spread_numbers
from lineage_audit.comparison.evidence.base import TestDescription, not_measured, test_result, unit_rows
from lineage_audit.comparison.invariants.anchor_tokens import AnchorTokens
from lineage_audit.comparison.verdict.thresholds import INVARIANTS, MATCHED_UNITS
from lineage_audit.results import Evidence

FloatArray = npt.NDArray[np.float32]

AGREEMENT = TestDescription(
    "embedding-agreement",
    "Do the embeddings of shared tokens agree, channel by channel in any order, or in their inner products?",
    "calibrated: the best match of a channel leads the next by noise in independent models",
    grade="calibrated",
)


_TOKENS_A_COMMON_DIRECTION = 16
"""For every so many tokens one direction is taken for common to all models."""

_PROBES = 512
_MOSTLY = 0.5
_ROWS_AT_ONCE = 1024


class ChannelMatch(Struct, frozen=True, eq=False):
    """What the embeddings of anchor tokens say of the streams.

    Attributes:
        residual: how B's channels come from A's; None where nothing is clear.
        match_margin: mean match margin of probed channels over the second best.
        geometry: correlation of the tokens' inner products, between different tokens.
        own: share of probed channels that best match their own number.
        has_copies: most of A's channels are copies of others, as where a model was grown in width.
    """

    residual: ResidualMap | None
    match_margin: float
    geometry: float
    own: float
    has_copies: bool = False

    @property
    def is_moved_whole(self) -> bool:
        """Whether the embeddings are one while no channel is another: a rotation, or growth."""
        return self.residual is None and self.geometry >= INVARIANTS.same_geometry


def match_channels(tokens: AnchorTokens) -> ChannelMatch:
    """Match B's channels with A's; B may have fewer."""
    columns_a, columns_b = _columns(tokens.directions_a), _columns(tokens.directions_b)
    probes = spread_numbers(len(columns_b), _PROBES)
    products = columns_b[probes] @ columns_a.T
    sizes = np.abs(products)
    match_margin = float(match_margins(sizes).mean()) if sizes.shape[1] > 1 else 0.0
    own, same_signs = _own_indices(products, sizes, probes)
    geometry = _geometry(tokens)
    keeps_numbers = (
        len(columns_a) == len(columns_b) and own > INVARIANTS.own_number and same_signs > INVARIANTS.same_signs
    )
    if keeps_numbers:
        return ChannelMatch(ResidualMap("same"), match_margin, geometry, own)
    if len(columns_b) > len(columns_a) or match_margin < clear_match_margin(INVARIANTS.channel_margin, len(tokens)):
        return ChannelMatch(None, match_margin, geometry, own, _have_copies(columns_a))
    return ChannelMatch(_map(columns_a, columns_b), match_margin, geometry, own)


def measure_agreement(match: ChannelMatch | None, tokens: AnchorTokens | None, parameters: int) -> Evidence:
    """The calibrated test on it."""
    if match is None or tokens is None:
        return not_measured(AGREEMENT, "skipped", "too few tokens are shared, or an embedding cannot be read")
    return test_result(
        AGREEMENT,
        statistic=match.geometry,
        effect=max(match.match_margin, match.geometry if match.is_moved_whole else 0.0),
        finding=f"channels of {len(tokens):,} shared tokens' embeddings lead the next best by "
        f"{match.match_margin:.2f}, and the tokens' inner products correlate at {match.geometry:.2f}",
        count=len(tokens),
        coverage=tokens.b.size / max(1, parameters),
    )


def _columns(values: FloatArray) -> FloatArray:
    """Channels as rows over the tokens, centred and of length one."""
    columns = values.T
    return unit_rows(columns - columns.mean(axis=1, keepdims=True))


def _have_copies(columns: FloatArray) -> bool:
    """Whether most channels have another that is a copy, up to its sign."""
    probes = spread_numbers(len(columns), _PROBES)
    sizes = np.abs(columns[probes] @ columns.T)
    sizes[np.arange(len(probes)), probes] = 0.0
    return bool((sizes.max(axis=1) >= MATCHED_UNITS.copy).mean() > _MOSTLY)


def _own_indices(products: FloatArray, sizes: FloatArray, probes: IntArray) -> tuple[float, float]:
    """Share of the probes whose best match has their own number, and share of those that agree in sign with it."""
    if int(probes.max(initial=0)) >= products.shape[1]:
        return 0.0, 0.0
    rows = np.arange(len(probes))
    own = products[rows, probes]
    return float((sizes.argmax(axis=1) == probes).mean()), float((own > 0).mean())


def _map(columns_a: FloatArray, columns_b: FloatArray) -> ResidualMap:
    """For each channel of B the channel of A with the largest |correlation|, each once, with its sign."""
    best = np.empty(len(columns_b), dtype=np.int64)
    for start in range(0, len(columns_b), _ROWS_AT_ONCE):
        sizes = np.abs(columns_b[start : start + _ROWS_AT_ONCE] @ columns_a.T)
        best[start : start + _ROWS_AT_ONCE] = sizes.argmax(axis=1)
    _, first, counts = np.unique(best, return_index=True, return_counts=True)
    settled = np.zeros(len(best), dtype=bool)
    settled[first[counts == 1]] = True
    if not settled.all():
        rows = np.flatnonzero(~settled)
        free = np.setdiff1d(np.arange(len(columns_a)), best[settled])
        best[rows] = free[assign(np.abs(columns_b[rows] @ columns_a[free].T))]
    matched = np.einsum("ij,ij->i", columns_b, columns_a[best])
    signs = np.where(matched < 0, -1.0, 1.0).astype(np.float32)
    return ResidualMap("channels", channels=best, signs=signs, fit=float(np.abs(matched).mean()))


def _geometry(tokens: AnchorTokens) -> float:
    """Correlation of the inner products of different tokens in both models, without their strongest directions."""
    pairs = np.triu_indices(len(tokens), 1)
    a, b = (_inner_products(values)[pairs] for values in (tokens.a, tokens.b))
    return float(np.nan_to_num(np.corrcoef(a, b)[0, 1]))


def _inner_products(values: FloatArray) -> npt.NDArray[np.float64]:
    """Inner products of tokens, centred and of length one, ``[tokens, tokens]``.

    The strongest directions are taken out: how often a token came, and whether it came at all, is told by them in any
    two models of one language, and leaves inner products of independent models correlated up to 1.
    """
    unit = unit_rows(values - values.mean(axis=0)).astype(np.float64)
    sizes, directions = np.linalg.eigh(unit @ unit.T)
    kept = slice(0, len(sizes) - len(sizes) // _TOKENS_A_COMMON_DIRECTION)
    products: npt.NDArray[np.float64] = (directions[:, kept] * sizes[kept]) @ directions[:, kept].T
    return products
