"""From what the invariants matched to an alignment, and a sample measured under it: shares and operations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.aligned_tensors import aligned_pairs
from lineage_audit.comparison.alignment.factors import Factors
from lineage_audit.comparison.alignment.fed_gains import measure_fed_gains
from lineage_audit.comparison.alignment.maps import NO_SOURCE, Alignment, HeadMap, ResidualMap, UnitMap
from lineage_audit.comparison.alignment.mixed_layers import find_mixed_layers
from lineage_audit.comparison.alignment.moved_gains import fit_gains, folded_side
from lineage_audit.comparison.evidence import calibrated_where_guessed
from lineage_audit.comparison.evidence.aligned import gather_aligned_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.invariants.asking import Invariants
from lineage_audit.comparison.invariants.unit_columns import UnitMatch
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.measurement import Measurement, measure_all
from lineage_audit.comparison.reading.plan import bytes_of, plan_reading
from lineage_audit.comparison.shares.weights import Shares, measure_shares
from lineage_audit.comparison.symmetries.ffn_blocks import ROLES_BESIDE, FfnBlock
from lineage_audit.comparison.symmetries.geometry import HeadLayouts, HeadsByLayer
from lineage_audit.comparison.symmetries.setting import comparison_in_layout, head_layouts
from lineage_audit.comparison.verdict.thresholds import MATCHED_UNITS


def align_by_invariants(found: Invariants, progress: Progress) -> AlignedWeights | None:
    """Measure a sample of B against aligned A; None where no layer has a clear source.

    Args:
        found: what was matched.
        progress: told how far reading has come.
    """
    layers = _layers(found)
    if not layers:
        return None
    heads = head_layouts(found.a.checkpoint, found.b.checkpoint)
    residual = found.residual
    alignment = Alignment(
        residual=residual or _residual(found),
        layers=layers,
        folded=folded_side(found.a, found.b),
        units={match.block: _unit_map(match) for match in found.units if match.is_found},
        heads=_head_maps(found, heads, layers),
        left_out_are_copies=found.keys is not None and found.keys.left_out_are_copies,
        unasked=_unasked(found, layers),
    )
    if residual is None:
        return _unmeasured(found, alignment)
    if all(one.checkpoint.source.is_local for one in (found.a, found.b)):
        alignment = replace(alignment, mixed=find_mixed_layers(found.a.checkpoint, found.b.checkpoint, alignment))
    read = replace(alignment, layers=_layers_to_read(alignment, found))
    heads_b = heads.b if heads else None
    has_groups = heads_b is None or heads_b.usual.per_group > 1
    settled = (one for one in found.b.checkpoint.core if _is_settled(one, read, has_groups=has_groups))
    pairs = list(aligned_pairs(found.a, found.b, settled, read, heads_b, found.token_rows))
    comparison = _sampled(found, pairs, heads_b, progress)
    gains = fit_gains(found.a, found.b, comparison)
    if not gains.is_trivial:
        comparison = _sampled(found, gains.applied(pairs), heads_b, progress)
    tests = gather_aligned_evidence(comparison, alignment.residual.fitted_signs)
    evidence = calibrated_where_guessed(tests, comparison)
    if not gains.is_trivial:
        evidence += (measure_fed_gains(found.a, found.b, comparison),)
    rescaled = _rescaled(found)
    flipped, comparison = _without_factors(comparison, rescaled=rescaled > 0)
    return AlignedWeights(
        alignment,
        Factors(flipped=flipped, rescaled=rescaled),
        comparison,
        evidence,
        _stretched(comparison, alignment, found),
        gains,
    )


def _sampled(
    found: Invariants, pairs: list[TensorPair], heads: HeadsByLayer | None, progress: Progress
) -> WeightComparison:
    """Measure a sample of B against aligned A."""
    readings = plan_reading(pairs, "sample")
    progress.begin(sum(bytes_of(reading) for reading in readings), "aligned sample")
    measured = measure_all(found.a.checkpoint, found.b.checkpoint, readings, progress)
    return comparison_in_layout(found.a.checkpoint, found.b.checkpoint, pairs, measured, heads)


def _residual(found: Invariants) -> ResidualMap:
    """What is known of the stream where no channel found another: that it was rotated, or that it holds copies."""
    if found.channels is None or not found.channels.is_moved_whole:
        return ResidualMap("same")
    return ResidualMap("copies" if found.channels.has_copies else "rotation", fit=found.geometry)


def _layers(found: Invariants) -> Mapping[int, int]:
    """Layer of B -> layer of A: by key heads, by gains over channels whose FFN units agree, or by FFN units alone."""
    if found.layers:
        return found.layers
    return {match.block.layer: match.source.layer for match in found.units if match.is_found}


def _unasked(found: Invariants, layers: Mapping[int, int]) -> tuple[frozenset[int], frozenset[int]]:
    """Layers of B and of A without a counterpart that may have one among those whose keys were not read."""
    by_keys = found.keys is not None and bool(found.keys.clear)
    if found.layers and not by_keys:
        return frozenset(), frozenset()
    of_b = frozenset(found.b.layers()) - frozenset(layers)
    of_a = frozenset(found.a.layers()) - frozenset(layers.values())
    if found.keys is None or not by_keys:
        return of_b, of_a  # units of a few layers were all that was matched
    unread_b = of_b - frozenset(found.keys.layers.tolist())
    unread_a = of_a - frozenset(found.keys.layers_of_a.tolist())
    nobody: frozenset[int] = frozenset()
    return of_b if unread_a else unread_b if of_a else nobody, of_a if unread_b else unread_a if of_b else nobody


def _unit_map(match: UnitMatch) -> UnitMap:
    a_units = np.full(match.size, NO_SOURCE, dtype=np.int64)
    a_units[match.units] = match.a_units
    cosine = float(np.abs(match.cosines).mean())
    return UnitMap(match.source, a_units, match.match_margin, cosine, is_sampled=match.is_sampled)


def _head_maps(found: Invariants, heads: HeadLayouts | None, layers: Mapping[int, int]) -> dict[int, HeadMap]:
    """KV groups by their keys; query heads are taken to keep their order inside a group, which no key can tell."""
    if found.keys is None or heads is None:
        return {}
    maps: dict[int, HeadMap] = {}
    for layer in found.keys.clear.keys() & layers.keys():
        groups = found.keys.heads_of(layer)
        layouts = heads.between(layers[layer], layer)
        if layouts is None:
            continue
        of_a, of_b = layouts
        if len(groups) == of_b.kv_heads and of_a.per_group == of_b.per_group:
            queries = groups[:, None] * of_a.per_group + np.arange(of_a.per_group)
            maps[layer] = HeadMap(groups, queries.ravel())
    return maps


def _layers_to_read(alignment: Alignment, found: Invariants) -> Mapping[int, int]:
    """Layers whose FFN units are known, or all where no FFN could be asked."""
    known = {block.layer for block in alignment.units}
    asked = {match.block.layer for match in found.units}
    layers = known or set(alignment.layers) - asked
    return {b: a for b, a in alignment.layers.items() if b in layers}


def _is_settled(tensor: TensorRef, alignment: Alignment, *, has_groups: bool) -> bool:
    """Tell whether the alignment says of every row and column of one of B's tensors where it comes from."""
    if tensor.layer is None:
        return True
    if tensor.role in ROLES_BESIDE:
        block = FfnBlock(tensor.layer, tensor.expert, ROLES_BESIDE[tensor.role])
        return block in alignment.units
    if tensor.role in (Role.Q, Role.O):
        return not has_groups and tensor.layer in alignment.heads
    return tensor.role not in (Role.K, Role.V) or tensor.layer in alignment.heads


def _rescaled(found: Invariants) -> int:
    """Matched FFN units in layers whose units were rescaled."""
    return sum(len(match.units) for match in found.units if match.is_found and _is_rescaled(match))


def _is_rescaled(match: UnitMatch) -> bool:
    """Tell whether units differ from their counterparts by scales of their own, beyond what training does."""
    cosine = float(np.clip(np.abs(match.cosines).mean(), 0.1, 1.0))
    by_training = math.sqrt(1.0 / cosine**2 - 1.0) / math.sqrt(match.numbers)
    spread = float(np.log(np.maximum(match.scales, 1e-12)).std())
    return spread > max(MATCHED_UNITS.scale_spread, MATCHED_UNITS.beyond_training * by_training)


def _without_factors(comparison: WeightComparison, *, rescaled: bool) -> tuple[dict[str, int], WeightComparison]:
    """The comparison as it is once rows that were negated or rescaled are undone, and how many were negated.

    Args:
        comparison: a sample, measured under the alignment.
        rescaled: whether FFN units have scales of their own, which their up rows then have too.
    """
    kinds = {Role.UP: "FFN units", Role.V: "value dimensions", Role.K: "query-key units"}
    flipped: dict[str, int] = {}
    measurements = dict(comparison.measurements)
    for place, part in comparison.measurements.items():
        negative = np.nan_to_num(part.rows.cosine) < MATCHED_UNITS.clearly_negative
        if part.pair.b.role not in (*kinds, Role.Q) or not part.is_matrix:
            continue
        if rescaled and part.pair.b.role == Role.UP:
            measurements[place] = _scaled_back(part)
        elif negative.mean() >= MATCHED_UNITS.fewest_flipped:
            measurements[place] = _turned_back(part, negative)
        if part.pair.b.role in kinds and negative.mean() >= MATCHED_UNITS.fewest_flipped:
            kind = kinds[part.pair.b.role]
            flipped[kind] = flipped.get(kind, 0) + int(negative.sum())
    return flipped, replace(comparison, measurements=measurements)


def _turned_back(part: Measurement, negative: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Measurement:
    """A measurement with some rows of A negated: only dot products change, and what the difference is made of."""
    dot = np.where(negative, -part.rows.dot, part.rows.dot)
    changed = 4.0 * float(part.rows.dot[negative].sum())
    return replace(part, rows=replace(part.rows, dot=dot), delta_squared=max(0.0, part.delta_squared + changed))


def _scaled_back(part: Measurement) -> Measurement:
    """A measurement with each row of A multiplied by the factor, signs included, that brings it closest to B's."""
    rows = part.rows
    factors = np.divide(rows.dot, rows.aa, out=np.zeros_like(rows.dot), where=rows.aa > 0)
    dot, aa = factors * rows.dot, np.square(factors) * rows.aa
    delta = float((aa - 2 * dot + rows.bb).sum())
    return replace(part, rows=replace(rows, dot=dot, aa=aa), delta_squared=max(0.0, delta))


def _stretched(comparison: WeightComparison, alignment: Alignment, found: Invariants) -> Shares:
    """Shares of what was measured, which stands for the layers of B that have a source."""
    shares = measure_shares(comparison)
    layers = max(1, len(found.b.layers()))
    return replace(
        shares, compared=min(1.0, len(alignment.layers) / layers), derived=_scaled(shares, alignment, layers)
    )


def _scaled(shares: Shares, alignment: Alignment, layers: int) -> float | None:
    if shares.derived is None:
        return None
    return min(1.0, shares.derived / max(shares.compared, 1e-9) * min(1.0, len(alignment.layers) / layers))


def _unmeasured(found: Invariants, alignment: Alignment) -> AlignedWeights:
    """A relation whose stream no few tokens can map: what the key heads themselves say of its size."""
    share = len(alignment.layers) / max(1, len(found.b.layers()))
    explained = _explained(found, list(alignment.layers))
    shares = Shares(share, explained, explained, None, share, None)
    comparison = comparison_in_layout(found.a.checkpoint, found.b.checkpoint, [], {}, None)
    negative = {
        "query-key units": found.keys.negative if found.keys is not None else 0,
        "FFN units": sum(int((match.cosines < 0).sum()) for match in found.units if match.is_found),
    }
    flipped = {kind: count for kind, count in negative.items() if count}
    return AlignedWeights(alignment, Factors(flipped=flipped, rescaled=_rescaled(found)), comparison, (), shares)


def _explained(found: Invariants, layers: Sequence[int]) -> float:
    """Mean squared size of matched products in the layers that have a source: of keys, or of units without them."""
    if found.keys is not None:
        chosen = np.isin(found.keys.layers, list(layers))
        return float(np.square(found.keys.sizes[chosen]).mean()) if chosen.any() else 0.0
    cosines = [match.cosines for match in found.units if match.is_found]
    return float(np.square(np.concatenate(cosines)).mean()) if cosines else 0.0
