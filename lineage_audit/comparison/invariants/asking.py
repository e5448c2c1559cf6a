"""Ask the invariants of two models: read what they need within a budget, match, test, and propose an alignment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import bytes_for_rows
from lineage_audit.checkpoint.tensors import IntArray, TensorRef
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.alignment.spreading import LAYER_PATTERNS, spread_numbers
from lineage_audit.comparison.invariants import channels, rotary_tests, unit_tests
from lineage_audit.comparison.invariants.anchor_tokens import (
    FEWEST_TOKENS,
    TOKENS,
    AnchorTokens,
    embedding_of,
    read_anchor_tokens,
)
from lineage_audit.comparison.invariants.channels import ChannelMatch, match_channels
from lineage_audit.comparison.invariants.experts import expert_of
from lineage_audit.comparison.invariants.gains import match_by_gains, sign_channels
from lineage_audit.comparison.invariants.matching import KeyMatch, match_keys, multiply
from lineage_audit.comparison.invariants.rotary_keys import (
    KeyPlan,
    plan_keys,
    read_keys,
    shared_key_sources,
)
from lineage_audit.comparison.invariants.rotated_units import match_rotated_units
from lineage_audit.comparison.invariants.unit_columns import (
    UnitColumns,
    UnitMatch,
    channels_to_read,
    down_of,
    first_of_each_layer,
    match_units,
    read_unit_numbers,
    unit_match_margin,
)
from lineage_audit.comparison.invariants.unit_rows import match_unit_rows
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.symmetries.setting import broken_symmetries
from lineage_audit.results import Evidence

_KEY_SHARE = 0.6
"""Share of the budget that rotary keys may take."""

_MOST_FFNS = 4
"""FFNs of each model whose units are looked for."""

_MATCHED_FFNS = 2
"""FFNs whose units are matched one by one, where keys say which belong together: each costs units squared."""

_FFN_SHARE = 0.25
_TOKEN_SHARE = 0.1
"""Shares of the budget that rows of ``down`` and embeddings may take."""


class Invariants(Struct, frozen=True, eq=False):
    """What the invariants gave.

    Attributes:
        a: model A, its gains read.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
        keys: which key head is which; None where nothing could be asked.
        channels: what the anchor tokens' embeddings say of the channels; likewise.
        residual: how B's channels come from A's, by their embeddings or else by the gains; None where neither tells.
        layers: layer of B -> layer of A, by the keys or else by the gains; empty where neither tells.
        units: which FFN unit is which, by layer of B; empty where nothing could be asked.
        evidence: the tests on all of them.
    """

    a: CanonicalWeights
    b: CanonicalWeights
    token_rows: tuple[IntArray, IntArray] | None
    keys: KeyMatch | None
    channels: ChannelMatch | None
    residual: ResidualMap | None
    layers: Mapping[int, int]
    units: tuple[UnitMatch, ...]
    evidence: tuple[Evidence, ...]

    @property
    def geometry(self) -> float | None:
        """Correlation of the anchor tokens' inner products."""
        return self.channels.geometry if self.channels else None


def ask_invariants(
    a: CanonicalWeights,
    b: CanonicalWeights,
    token_rows: tuple[IntArray, IntArray] | None,
    budget: int,
    progress: Progress,
) -> Invariants:
    """Ask all three questions: of attention, of embeddings, of FFNs.

    Args:
        a: model A.
        b: model B.
        token_rows: rows of B and of A that are the same tokens, or None for the same rows.
        budget: bytes that may be read of each model.
        progress: told what is being done.
    """
    progress.begin(0, "invariants")
    models, parameters = (a.checkpoint, b.checkpoint), b.checkpoint.parameters
    tokens = read_anchor_tokens(*models, token_rows, _token_count(*models, budget))
    found = match_channels(tokens) if tokens is not None else None
    keys, key_evidence = _ask_keys(a, b, tokens, budget)
    residual, layers = _residual_and_layers(a, b, found, keys)
    rotated = _ask_rotated(a, b, tokens, found, layers, budget)
    units = rotated or _ask_units(a, b, residual or ResidualMap("same"), layers, budget)
    if found is not None and found.residual is not None and not any(match.is_found for match in units):
        units = match_unit_rows(a, b, found.residual, layers, budget) or units
    evidence = (
        *key_evidence,
        channels.measure_agreement(found, tokens, parameters),
        unit_tests.measure_signs(units, _unit_obstacle(a, b), parameters),
        unit_tests.measure_agreement(units, _width_obstacle(a, b, residual), parameters),
    )
    return Invariants(a, b, token_rows, keys, found, residual, layers, units, evidence)


def _residual_and_layers(
    a: CanonicalWeights, b: CanonicalWeights, found: ChannelMatch | None, keys: KeyMatch | None
) -> tuple[ResidualMap | None, Mapping[int, int]]:
    """Channels by their embeddings and layers by their keys; by the gains what these do not tell."""
    by_keys = keys.continued(*(max(one.layers(), default=-1) + 1 for one in (a, b))) if keys else {}
    embedded = found if found is not None and (found.residual is not None or found.is_moved_whole) else None
    if embedded is not None and by_keys:
        return embedded.residual, by_keys
    gains = match_by_gains(a, b)
    if embedded is not None:
        return embedded.residual, by_keys or (gains.layers if gains is not None else {})
    residual = sign_channels(a, b, gains) if gains is not None else None
    return residual, by_keys or (gains.layers if gains is not None and residual is not None else {})


def _token_count(a: Checkpoint, b: Checkpoint, budget: int) -> int:
    """Anchor tokens that the budget allows."""
    rows = [bytes_for_rows(tensor, np.arange(1)) for one in (a, b) if (tensor := embedding_of(one)) is not None]
    return int(np.clip(_TOKEN_SHARE * budget / max(1, *rows, 1), FEWEST_TOKENS, TOKENS))


def _ask_keys(
    a: CanonicalWeights, b: CanonicalWeights, tokens: AnchorTokens | None, budget: int
) -> tuple[KeyMatch | None, tuple[Evidence, ...]]:
    """Rotary keys over the anchor tokens, and the tests on them."""
    remote = not (a.checkpoint.source.is_local and b.checkpoint.source.is_local)
    sources_a, sources_b = shared_key_sources(a.checkpoint, b.checkpoint)
    plan = plan_keys(sources_a, sources_b, int(_KEY_SHARE * budget), count_ranges=remote)
    reason = _key_obstacle(a.checkpoint, b.checkpoint, tokens, plan)
    if reason is not None or tokens is None or plan is None:
        return None, rotary_tests.unasked(reason or "nothing to ask")
    keys_a = read_keys(a, plan.sources_a, plan, tokens.directions_a)
    keys_b = read_keys(b, plan.sources_b, plan, tokens.directions_b)
    if not (len(keys_a) and len(keys_b)):
        reason = "the keys of one model do not read the stream of its embeddings"
        return None, rotary_tests.unasked(reason)
    products = multiply(keys_a, keys_b)
    keys = match_keys(products)
    parameters = b.checkpoint.parameters
    evidence = (
        rotary_tests.measure_signs(products, keys, parameters),
        rotary_tests.measure_agreement(keys),
        rotary_tests.measure_best_layer(keys),
    )
    return keys, evidence


def _key_obstacle(a: Checkpoint, b: Checkpoint, tokens: AnchorTokens | None, plan: KeyPlan | None) -> str | None:
    """Why rotary keys cannot be asked, or None."""
    if tokens is None:
        return "too few tokens are shared, or an embedding cannot be read"
    if plan is None:
        return "one of the models has no rotary keys that can be read by rows"
    return broken_symmetries(a, b).get("query-key-signs")


def _ask_units(
    a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap, layers: Mapping[int, int], budget: int
) -> tuple[UnitMatch, ...]:
    """FFN units over some channels: of the layers that are known to belong together, else of a few of each model."""
    if not residual.joins(a.channels, b.channels) or not a.channels:
        return ()
    downs_a, downs_b = (first_of_each_layer(one, down_of) for one in (a, b))
    own, theirs = channels_to_read(b.channels, residual)
    costs = [bytes_for_rows(tensor, own) for downs in (downs_a, downs_b) for tensor in list(downs.values())[:1]]
    most = min(_MOST_FFNS, max(1, int(_FFN_SHARE * budget / max(1, *costs, 1))))
    pairs = _known_pairs(downs_a, downs_b, layers, most)
    sources = {block: expert_of(a, b, first, block, residual) for first, block in pairs}
    downs_a |= {source: tensor for source in sources.values() if (tensor := down_of(a, source)) is not None}
    known = [(source, block) for block, source in sources.items() if source in downs_a]
    blocks_a = [one for one, _ in known] if known else _spread(downs_a, most)
    blocks_b = [other for _, other in known] if known else _spread(downs_b, most)
    signs = None if residual.signs is None else residual.signs[own]
    numbers_a = read_unit_numbers(a, downs_a, list(dict.fromkeys(blocks_a)), theirs, signs)
    numbers_b = read_unit_numbers(b, downs_b, blocks_b, own, None)
    if known:
        by_block = {one.block: one for one in numbers_a}
        return tuple(match_units(by_block[one], numbers) for (one, _), numbers in zip(known, numbers_b, strict=True))
    return tuple(_best_match(numbers_a, numbers) for numbers in numbers_b) if numbers_a else ()


def _ask_rotated(
    a: CanonicalWeights,
    b: CanonicalWeights,
    tokens: AnchorTokens | None,
    found: ChannelMatch | None,
    layers: Mapping[int, int],
    budget: int,
) -> tuple[UnitMatch, ...]:
    """FFN units over the anchor tokens, where the stream was rotated: of known layers, else of equal number."""
    if tokens is None or found is None or not found.is_moved_whole or found.has_copies:
        return ()
    if layers:
        return match_rotated_units(a, b, tokens, layers, budget)
    presumed = match_rotated_units(a, b, tokens, {layer: layer for layer in b.layers()}, budget)
    return presumed if all(match.is_found for match in presumed) else ()


def _best_match(candidates: list[UnitColumns], numbers: UnitColumns) -> UnitMatch:
    """The match with the FFN of A whose units lead most clearly."""
    return match_units(max(candidates, key=lambda one: unit_match_margin(one, numbers)), numbers)


def _known_pairs(
    downs_a: Mapping[FfnBlock, TensorRef], downs_b: Mapping[FfnBlock, TensorRef], layers: Mapping[int, int], most: int
) -> list[tuple[FfnBlock, FfnBlock]]:
    """FFNs of layers whose keys belong together, a few, spread over B."""
    by_layer = {block.layer: block for block in downs_a}
    known = [
        (by_layer[layers[block.layer]], block)
        for block in downs_b
        if block.layer in layers and layers[block.layer] in by_layer
    ]
    if not known:
        return []
    picked = spread_numbers(len(known), min(_MATCHED_FFNS, most))
    return [known[position] for position in picked]


def _spread(downs: Mapping[FfnBlock, TensorRef], most: int) -> list[FfnBlock]:
    """A few FFNs such that layers that were shifted still overlap."""
    for period, residues in LAYER_PATTERNS:
        chosen = [block for block in downs if block.layer % period in residues]
        if 0 < len(chosen) <= most:
            return chosen
    return list(downs)[:most]


def _width_obstacle(a: CanonicalWeights, b: CanonicalWeights, residual: ResidualMap | None) -> str | None:
    """Why no channel of one model can be held against one of the other, or None."""
    maps = residual is not None and residual.joins(a.channels, b.channels)
    if maps or a.channels == b.channels:
        return None
    return f"the streams have {a.channels:,} and {b.channels:,} channels, none of which is another's"


def _unit_obstacle(a: CanonicalWeights, b: CanonicalWeights) -> str | None:
    """Why the sign of a unit is no random sign, or None: one of the two models must be able to negate it."""
    if reason := broken_symmetries(a.checkpoint, b.checkpoint).get("ffn-signs"):
        return reason
    gated = any(weights.is_gated for weights in (a, b))
    return None if gated else "neither FFN is gated: its units cannot be negated"
