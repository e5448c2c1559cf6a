"""The reading part of a comparison: choose an effort, read, align, test; what follows from it is judged elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.factors import fit_factors
from lineage_audit.comparison.alignment.moved_gains import fit_gains, folded_side
from lineage_audit.comparison.evidence import gather_cross_checks, gather_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.judging import ReadAgain, WeightStage
from lineage_audit.comparison.merging import Ancestors, find_merge
from lineage_audit.comparison.operations.delta.matrices import MatrixPair, read_matrices, sample_matrices
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.measurement import Measurement, measure_all
from lineage_audit.comparison.reading.plan import FULL_AT_ONCE, SAMPLE_BYTES, SAMPLE_PART, bytes_of, plan_reading
from lineage_audit.comparison.reading.threads import product_threads
from lineage_audit.comparison.requantized import ask_requantization
from lineage_audit.comparison.searches import align_sample, ask_from_the_wider, search_both_ways
from lineage_audit.comparison.shares.weights import Shares, describe_weights, measure_shares
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    has_asked_invariants,
    is_half_agreed,
    strongest,
)
from lineage_audit.comparison.verdict.thresholds import ALIGNMENT, RELATION
from lineage_audit.results import Evidence, Requantization, WeightsFinding

WeightEffort = Literal["sample", "search", "full"]


def choose_effort(a: Checkpoint, b: Checkpoint) -> WeightEffort:
    """Read small local models whole (and search them), others by sample."""
    is_local = a.source.is_local and b.source.is_local
    return "full" if is_local and _size(a) + _size(b) <= FULL_AT_ONCE else "sample"


def same_shards(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether equal weight files prove identity without reading a weight."""
    if a.digest.startswith("sha256:"):
        return a.digest == b.digest
    inodes_a, inodes_b = ([one.source.files[file].inode for file in one.container.files] for one in (a, b))
    return all(inodes_a) and inodes_a == inodes_b


def without_weights(reason: str, same_weights: bool) -> WeightStage:
    """The stage when no weight was read: either none was asked for, or equal shards made it needless."""
    everything = 1.0 if same_weights else None
    shares = Shares(
        everything, everything, everything, everything, 1.0 if same_weights else 0.0, 0.0 if same_weights else None
    )
    nothing = WeightComparison({}, None, None, None, 0, 0)
    return WeightStage(
        effort="metadata",
        comparison=nothing,
        in_place=nothing,
        aligned=None,
        searched=False,
        shares=shares,
        evidence=(),
        weights=WeightsFinding(reason, shares.compared, (), ()),
        same_weights=same_weights,
        reason=reason,
    )


def compare_weights(
    a: Checkpoint, b: Checkpoint, pairing: Pairing, effort: WeightEffort, budget: int, progress: Progress
) -> WeightStage:
    """Compare number by number; where that leaves something open ask the invariants, and search if the effort allows.

    Args:
        a: model A.
        b: model B.
        pairing: what stands where.
        effort: how much to read.
        budget: bytes that the invariants may read of each model.
        progress: told how far reading has come.
    """
    readings = plan_reading(
        pairing.pairs, "full" if effort == "full" else "sample", min(SAMPLE_BYTES, budget // SAMPLE_PART)
    )
    read_before = a.source.bytes_read, b.source.bytes_read
    progress.begin(sum(bytes_of(reading) for reading in readings), f"{effort} comparison")
    in_place = comparison_of(a, b, pairing.pairs, measure_all(a, b, readings, progress))
    evidence, shares = gather_evidence(in_place), measure_shares(in_place)
    shares_in_place, comparison = shares, in_place
    same_weights = effort == "full" and _same_weights(pairing, list(in_place.measurements.values()))
    weights_a, weights_b = CanonicalWeights(a), CanonicalWeights(b)
    is_open = not (
        shares.compared >= ALIGNMENT.numbers_explain
        and (same_weights or _numbers_explain(weights_a, weights_b, in_place, shares))
    )
    searched = False
    aligned = None
    if is_open:
        found = ask_from_the_wider(weights_a, weights_b, pairing, budget, progress)
        evidence += found.evidence
        if effort == "search" or (effort == "full" and not _is_answered(a, b, evidence)):
            searched = True
            with product_threads(max(_width(a), _width(b))):
                aligned, further = search_both_ways(
                    weights_a, weights_b, pairing, in_place, evidence, shares, found, effort, progress
                )
        else:
            aligned, further = align_sample(found, evidence, shares, progress)
        evidence += further
    if aligned is not None:
        comparison = in_place if aligned.backward or not aligned.comparison.measurements else aligned.comparison
        shares = aligned.shares
    return WeightStage(
        effort=effort,
        comparison=comparison,
        in_place=in_place,
        aligned=aligned,
        searched=searched,
        shares=shares,
        evidence=evidence,
        weights=describe_weights(comparison, evidence, strongest(evidence), shares, shares_in_place),
        same_weights=same_weights,
        budget=budget,
        read_before=read_before,
    )


def _is_answered(a: Checkpoint, b: Checkpoint, evidence: Sequence[Evidence]) -> bool:
    """Tell whether a search, which takes minutes of large models, would ask again what the invariants have cleared."""
    log10_p = combined_log10_p(evidence)
    nothing_found = (log10_p is None or log10_p > RELATION.unclear_log10_p) and not is_half_agreed(evidence)
    return _size(a) + _size(b) > FULL_AT_ONCE and nothing_found and has_asked_invariants(evidence)


def _width(checkpoint: Checkpoint) -> int:
    """The shorter side of its largest matrices."""
    return max((min(tensor.shape[-2:]) for tensor in checkpoint.tensors if len(tensor.shape) > 1), default=0)


def _size(checkpoint: Checkpoint) -> int:
    """Bytes of a model's weight files."""
    return sum(checkpoint.source.files[file].size for file in checkpoint.container.files)


def read_again(stage: WeightStage, a: Checkpoint, b: Checkpoint, pairing: Pairing, ancestors: Ancestors) -> ReadAgain:
    """Read what tells how related models differ: matrices, whole where more than a sample was read, and parents."""
    if not stage.is_related:
        return ReadAgain()
    return ReadAgain(_matrices(stage, a, b, pairing), find_merge(a, b, ancestors))


def _matrices(stage: WeightStage, a: Checkpoint, b: Checkpoint, pairing: Pairing) -> list[MatrixPair]:
    """What the difference is read off: whole matrices, or in a sample some rows."""
    if stage.aligned is not None and stage.aligned.backward:
        return []
    if stage.effort in ("search", "full"):
        return read_matrices(a, b, stage.comparison)
    return sample_matrices(a, b, stage.comparison, pairing.pairs if stage.aligned is None else ())


def requantization_of(stage: WeightStage, a: Checkpoint, b: Checkpoint) -> Requantization | None:
    """Whether one model's codes are the other's numbers, quantised; asked of weights under their own numbers."""
    if stage.aligned is not None:
        return None
    is_whole, measured = stage.effort == "full", stage.comparison.measurements.values()
    most_read = max(one.source.bytes_read - before for one, before in zip((a, b), stage.read_before, strict=True))
    left = None if is_whole else max(0, stage.budget - most_read)
    return ask_requantization(a, b, measured, is_whole=is_whole, budget=left)


def with_cross_checks(stage: WeightStage) -> WeightStage:
    """Add the published statistics that the verdict does not need."""
    return replace(stage, evidence=stage.evidence + gather_cross_checks(stage.comparison))


def _numbers_explain(a: CanonicalWeights, b: CanonicalWeights, comparison: WeightComparison, shares: Shares) -> bool:
    """Tell whether comparing number by number leaves nothing to search for in what was compared."""
    explained = (shares.derived or 0.0) >= ALIGNMENT.numbers_explain
    if not explained or folded_side(a, b) is not None:
        return False
    return fit_factors(comparison).is_trivial and fit_gains(a, b, comparison).is_trivial


def _same_weights(pairing: Pairing, parts: Sequence[Measurement]) -> bool:
    """Tell whether every element that both have was read and is equal."""
    return bool(parts) and not (pairing.mismatched or pairing.unreadable) and all(part.is_equal for part in parts)
