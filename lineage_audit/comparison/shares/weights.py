"""How much the weights share: by role, by layer and in all, from what one pass measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.pairing.tensors import TOKEN_ROLES
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.shares.fixed_tables import without_fixed_tables
from lineage_audit.comparison.shares.layer_pairs import pair_layers
from lineage_audit.comparison.verdict.thresholds import SHARES, SLOPES
from lineage_audit.results import Evidence, ExplainedStage, LayerRow, RoleDelta, RoleLayer, WeightsFinding


class Shares(Struct, frozen=True):
    """How much of B's matrices is explained by A's, each in 0 to 1, or None where nothing was read.

    Attributes:
        derived: parameters in rows that match their counterpart beyond chance; what has no counterpart counts as new.
        explained: parameter-weighted squared correlation.
        best_part: the same of the role or layer that is kept best, of those with at least a fiftieth of the parameters.
        copied: bit-identical parameters, constants excluded and chance subtracted.
        copied_beside_tokens: the same without the rows of tokens, which training never moves where a token never came.
        compared: parameters of B that have a counterpart that was read or stands for the same role.
        relative_delta: size of B - A over the size of A, in the matrices that are related at all; what B holds beside
            them, without a source in A, is no part of it.
    """

    derived: float | None
    explained: float | None
    best_part: float | None
    copied: float | None
    compared: float
    relative_delta: float | None
    copied_beside_tokens: float | None = None


def measure_shares(comparison: WeightComparison) -> Shares:
    """Sum up over all matrices; roles that were sampled stand for all their layers."""
    matrices = [part for part in without_fixed_tables(list(comparison.measurements.values())) if part.is_matrix]
    if not matrices:
        return Shares(None, None, None, None, 0.0, None)
    weights = np.array([part.weight for part in matrices], dtype=np.float64)
    correlation = np.array([part.correlation or 0.0 for part in matrices])
    comparable = sum(part.comparable for part in matrices)
    compared = min(1.0, comparison.paired / max(1, comparison.parameters))
    return Shares(
        derived=float(np.average([_derived_rows(part) for part in matrices], weights=weights)) * compared,
        explained=float(np.average(correlation**2, weights=weights)),
        best_part=_best_part(matrices, correlation**2, weights),
        copied=_net_copied(matrices) if comparable else None,
        compared=compared,
        relative_delta=relative_delta(related(matrices)),
        copied_beside_tokens=_net_copied([part for part in matrices if part.pair.b.role not in TOKEN_ROLES]),
    )


def related(parts: Sequence[Measurement]) -> list[Measurement]:
    """The tensors that are related at all."""
    return [part for part in parts if (part.correlation or 0.0) >= SLOPES.related_matrix]


def _best_part(
    parts: Sequence[Measurement], squared: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> float:
    """Largest parameter-weighted squared correlation of a role, or of a layer."""
    roles = np.array([part.pair.b.role for part in parts])
    layers = np.array([-1 if part.pair.b.core_layer is None else part.pair.b.core_layer for part in parts])
    groups = [roles == role for role in set(roles)] + [layers == layer for layer in set(layers) - {-1}]
    large = [group for group in groups if weights[group].sum() >= weights.sum() / 50]
    return max((float(np.average(squared[group], weights=weights[group])) for group in large), default=0.0)


def relative_delta(parts: Sequence[Measurement]) -> float | None:
    """Size of B - A over the size of A, over some tensors; what has no source in A is no part of it."""
    size_a = sum(float(part.rows.aa.sum()) for part in parts)
    delta = sum(max(0.0, part.delta_squared - part.new_squared) for part in parts)
    return (delta / size_a) ** 0.5 if size_a > 0 else None


def _derived_rows(measured: Measurement) -> float:
    """Share of rows whose cosine with their counterpart is beyond what mismatched rows show.

    A matrix that was negated whole, as when the stream is, holds its rows still.
    """
    noise = max(measured.mismatched_cosine or 0.0, len(measured.columns.dot) ** -0.5)
    negated = (measured.correlation or 0.0) <= -SLOPES.related_matrix
    cosine = -measured.rows.cosine if negated else measured.rows.cosine
    beyond_chance = min(
        SHARES.most_chance, max(min(0.5, SHARES.derived_row_sigmas * noise), SHARES.least_sigmas * noise)
    )
    return float(np.mean(np.nan_to_num(cosine, nan=0.0) > beyond_chance))


def describe_weights(
    comparison: WeightComparison,
    evidence: Sequence[Evidence],
    strongest: Evidence | None,
    shares: Shares,
    in_place: Shares,
) -> WeightsFinding:
    """The tables by role and layer, and one sentence over them, led by the strongest test.

    Args:
        comparison: what was measured, after the search where it found something.
        evidence: all tests.
        strongest: the test to lead with.
        shares: how much, after the search.
        in_place: how much before it.
    """
    by_role: dict[str, list[Measurement]] = defaultdict(list)
    by_layer: dict[int, list[Measurement]] = defaultdict(list)
    for part in comparison.measurements.values():
        tensor = part.pair.b
        by_role[tensor.role if tensor.slot == "weight" else f"{tensor.role} bias"].append(part)
        if tensor.core_layer is not None and part.is_matrix:
            by_layer[tensor.core_layer].append(part)
    return WeightsFinding(
        summary=_sentence(comparison, strongest, shares),
        compared_share=shares.compared,
        roles=tuple(_role_delta(role, parts) for role, parts in by_role.items()),
        layers=tuple(_layer_row(layer, parts, evidence) for layer, parts in sorted(by_layer.items())),
        cells=tuple(cell for layer, parts in sorted(by_layer.items()) for cell in _cells(layer, parts)),
        layer_pairs=pair_layers(comparison),
        stages=_stages(in_place, shares),
    )


def _cells(layer: int, parts: Sequence[Measurement]) -> list[RoleLayer]:
    """What each role has in common in one layer."""
    by_role: dict[str, list[Measurement]] = defaultdict(list)
    for part in parts:
        if part.correlation is not None:
            by_role[part.pair.b.role].append(part)
    return [
        RoleLayer(role, layer, float(np.average([p.correlation or 0.0 for p in own], weights=[p.weight for p in own])))
        for role, own in by_role.items()
    ]


def _stages(in_place: Shares, shares: Shares) -> tuple[ExplainedStage, ...]:
    """What A explains of B before and, where the search changed it, after the search."""
    before = ExplainedStage("in-place", in_place.compared, in_place.explained or 0.0)
    if shares is in_place:
        return (before,) if shares.explained is not None else ()
    return (before, ExplainedStage("moved", shares.compared, shares.explained or 0.0))


def _sentence(comparison: WeightComparison, strongest: Evidence | None, shares: Shares) -> str:
    if not comparison.measurements:
        return "no tensors of the two models could be compared"
    explained = "nothing" if shares.explained is None else _percent(shares.explained)
    tested = "no test could be run on the tensors that both have" if strongest is None else strongest.finding
    return f"{tested}; same-place correlation explains {explained} of B's variance"


def _percent(share: float) -> str:
    return "under 0.1%" if share < 0.001 else f"{share:.1%}"


def _role_delta(role: str, parts: Sequence[Measurement]) -> RoleDelta:
    weights = np.array([part.weight for part in parts], dtype=np.float64)
    correlations = np.array([part.correlation if part.correlation is not None else np.nan for part in parts])
    known = np.isfinite(correlations)
    cosines = np.concatenate([part.rows.cosine for part in parts if part.is_matrix] or [np.empty(0)])
    cosines = cosines[np.isfinite(cosines)]
    return RoleDelta(
        role=role,
        parameters=int(weights.sum()),
        correlation=float(np.average(correlations[known], weights=weights[known])) if known.any() else 0.0,
        relative_delta=relative_delta(parts) or 0.0,
        copied_share=_copied_share(parts),
        row_cosine=float(np.median(cosines)) if len(cosines) else None,
    )


def _layer_row(layer: int, parts: Sequence[Measurement], evidence: Sequence[Evidence]) -> LayerRow:
    weights = np.array([part.weight for part in parts], dtype=np.float64)
    correlations = np.array([part.correlation or 0.0 for part in parts])
    source = parts[0].pair.a.layer
    return LayerRow(
        b=layer,
        a=source,
        correlation=float(np.average(correlations, weights=weights)),
        log10_p=layer_log10_p(layer, evidence),
        relative_delta=relative_delta(parts),
        copied_share=_copied_share(parts),
    )


def layer_log10_p(layer: int, evidence: Sequence[Evidence]) -> float | None:
    """Smallest bound that an exact test gives for the layer alone, Bonferroni-corrected for their number."""
    bounds = [
        part.log10_p
        for item in evidence
        if item.grade == "exact"
        for part in item.per_layer
        if part.layer == layer and part.log10_p is not None
    ]
    return min(0.0, min(bounds) + float(np.log10(len(bounds)))) if bounds else None


def _copied_share(parts: Sequence[Measurement]) -> float | None:
    """The same; None where sketches cannot tell."""
    return None if any(part.sketched for part in parts) else _net_copied(parts)


def _net_copied(parts: Sequence[Measurement]) -> float:
    """Share of bit-identical elements beyond what wrong rows share by chance (coarse types collide often)."""
    comparable = sum(part.comparable for part in parts)
    if not comparable:
        return 0.0
    copied = sum(part.copied for part in parts) / comparable
    chance = sum((part.chance_copied or 0.0) * part.comparable for part in parts) / comparable
    return max(0.0, (copied - chance) / (1.0 - chance)) if chance < 1.0 else 0.0
