"""What the search found among sketches, as the alignment that the comparator knows, and sketches measured under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import IntArray
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.factors import fit_factors
from lineage_audit.comparison.alignment.held_out import HeldOutLayer
from lineage_audit.comparison.alignment.maps import NO_SOURCE, Alignment, HeadMap, UnitMap
from lineage_audit.comparison.evidence import calibrated_where_guessed
from lineage_audit.comparison.evidence.aligned import gather_aligned_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.held_out import cosine_evidence
from lineage_audit.comparison.shares.weights import Shares, measure_shares
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from lineage_audit.comparison.symmetries.geometry import Heads
from lineage_audit.library.fingerprint.matching import Found, copies_among, residual_map
from lineage_audit.library.fingerprint.measuring import compare_sketches
from lineage_audit.library.fingerprint.vectors import Correspondence, LayerPair, UnitVectors


def align_sketches(found: Found, setting: WeightComparison) -> AlignedWeights:
    """Measure what was found, fit signs and scales, and say what of B it is.

    Args:
        found: what the search found.
        setting: what the tests need to know of the two models.
    """
    matched = found.correspondence
    residual = residual_map(matched.a.fingerprint, matched.b.fingerprint, matched.basis)
    heads = setting.heads.usual if setting.heads is not None else None
    alignment = Alignment(
        residual=residual,
        layers=found.layers,
        units={block: units for pair in matched.pairs for block, units in _units(found, pair)},
        heads={pair.b: moved for pair in matched.pairs if (moved := _heads(matched, pair, heads)) is not None},
        left_out_are_copies=copies_among(matched.a, matched.basis, _without(matched.a, found.layers.values())),
        new_are_copies=copies_among(matched.b, matched.basis, _without(matched.b, found.layers)),
    )
    layers = len(matched.pairs) / max(1, len(matched.b.fingerprint.layers))
    setting = replace(setting, paired=round(layers * setting.parameters))
    comparison = compare_sketches(matched, residual, setting)
    tests = calibrated_where_guessed(gather_aligned_evidence(comparison, residual.fitted_signs), comparison)
    evidence = (*tests, cosine_evidence(_held_out(comparison), what="sketches"))
    factors = fit_factors(comparison)
    if not factors.is_trivial:
        comparison = compare_sketches(matched, residual, setting, factors)
    return AlignedWeights(alignment, factors, comparison, evidence, _shares(comparison, matched))


def _without(vectors: UnitVectors, layers: Iterable[int]) -> set[int]:
    """The sketched layers that are none of these."""
    return {layer.layer for layer in vectors.fingerprint.layers} - set(layers)


def _units(found: Found, pair: LayerPair) -> Iterator[tuple[FfnBlock, UnitMap]]:
    """For each FFN of a layer of B the FFN of A that most of its matched units come from, and which of its units."""
    matched = found.correspondence
    block_a, block_b, match = matched.a.block(pair.a, "units"), matched.b.block(pair.b, "units"), pair.units
    experts_a, experts_b = matched.a.experts_of(pair.a), matched.b.experts_of(pair.b)
    if block_a is None or block_b is None or match is None or not experts_a or not experts_b:
        return
    each_a, each_b = max(1, block_a.size // len(experts_a)), max(1, block_b.size // len(experts_b))
    source, a_units = np.divmod(block_a.numbers[match.a], each_a)
    expert, b_units = np.divmod(block_b.numbers[match.b], each_b)
    for number, name in enumerate(experts_b):
        own = np.flatnonzero(expert == number)
        if not len(own):
            continue
        most = Counter(source[own].tolist()).most_common(1)[0][0]
        own = own[source[own] == most]
        numbers = np.full(each_b, NO_SOURCE, dtype=np.int64)
        numbers[b_units[own]] = a_units[own]
        if most < len(experts_a):
            block = FfnBlock(pair.a, experts_a[most])
            units = UnitMap(block, numbers, found.match_margins[pair.b], _cosine(matched, pair, own), is_sampled=True)
            yield FfnBlock(pair.b, name), units


def _cosine(matched: Correspondence, pair: LayerPair, own: IntArray) -> float:
    """Mean |cosine| of the rows that proposed some matched units."""
    rows_a, rows_b = matched.a.proposing(pair.a, matched.basis), matched.b.proposing(pair.b, matched.basis)
    if rows_a is None or rows_b is None or pair.units is None:
        return 0.0
    chosen_a, chosen_b = rows_a[pair.units.a[own]], rows_b[pair.units.b[own]]
    return float(np.abs(np.einsum("ij,ij->i", chosen_a, chosen_b)).mean())


def _heads(matched: Correspondence, pair: LayerPair, heads: Heads | None) -> HeadMap | None:
    """KV groups by their sketched dimensions; query heads are taken to keep their order inside a group."""
    block_a, block_b, match = matched.a.block(pair.a, "values"), matched.b.block(pair.b, "values"), pair.values
    if heads is None or block_a is None or block_b is None or match is None:
        return None
    if {block_a.size, block_b.size} != {heads.kv_heads * heads.value_dim}:
        return None
    of_b, first = np.unique(block_b.numbers[match.b] // heads.value_dim, return_index=True)
    groups = (block_a.numbers[match.a] // heads.value_dim)[first]
    if not np.array_equal(of_b, np.arange(len(of_b))):
        return None
    return HeadMap(groups, (groups[:, None] * heads.per_group + np.arange(heads.per_group)).ravel())


def _held_out(comparison: WeightComparison) -> list[HeldOutLayer]:
    """|Cosines| of matched units' down columns, and of their up rows where gate rows proposed, by layer."""
    layers = []
    for layer, expert in comparison.places(Role.UP, Role.DOWN):
        gate, up, down = (comparison.find(role, layer, expert) for role in (Role.GATE, Role.UP, Role.DOWN))
        parts = [up.rows.cosine] if gate is not None and up is not None else []
        parts += [down.columns.cosine] if down is not None else []
        sizes = np.abs(np.concatenate(parts)) if parts else np.empty(0)
        layers.append(HeldOutLayer(layer, sizes[np.isfinite(sizes)].astype(np.float32), np.empty(0, bool)))
    return layers


def _shares(comparison: WeightComparison, matched: Correspondence) -> Shares:
    """How much: units that found no counterpart, though their layer did, count as new."""
    shares = measure_shares(comparison)
    found = [_share_found(matched, pair) for pair in matched.pairs]
    return shares if shares.derived is None else replace(shares, derived=shares.derived * float(np.mean(found)))


def _share_found(matched: Correspondence, pair: LayerPair) -> float:
    """Share of the units, at most of as many as the other model's sketches hold, that were matched."""
    block_a, block_b = matched.a.block(pair.a, "units"), matched.b.block(pair.b, "units")
    if block_a is None or block_b is None or pair.units is None:
        return 0.0
    return len(pair.units) / max(1, min(len(block_a.numbers), len(block_b.numbers)))
