"""The weights' part of a comparison: choose an effort, read, align, test, and hand the findings to the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.factors import fit_factors
from lineage_audit.comparison.alignment.moved_gains import fit_gains, folded_side
from lineage_audit.comparison.evidence import gather_cross_checks, gather_evidence, slopes
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.merging import Ancestors, find_merge
from lineage_audit.comparison.metadata.architecture import architecture_clause
from lineage_audit.comparison.metadata.caveats import reading_caveats
from lineage_audit.comparison.metadata.names import changed_segments
from lineage_audit.comparison.operations.delta.matrices import read_matrices, sample_matrices
from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.operations.finding import Change, find_operations
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.pairing.unnamed import unplaced_share
from lineage_audit.comparison.parts import findings_of_parts
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.reading.measurement import Measurement, measure_all
from lineage_audit.comparison.reading.plan import FULL_AT_ONCE, SAMPLE_BYTES, SAMPLE_PART, bytes_of, plan_reading
from lineage_audit.comparison.requantized import ask_requantization
from lineage_audit.comparison.searches import align_sample, ask_from_the_wider, search_both_ways
from lineage_audit.comparison.shares.weights import Shares, describe_weights, measure_shares
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.comparison.verdict.findings import Findings, LeftOver
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    has_asked_invariants,
    has_searched,
    is_half_agreed,
    is_related,
    strongest,
)
from lineage_audit.comparison.verdict.thresholds import ALIGNMENT, RELATION, stated
from lineage_audit.results import (
    ArchitectureFinding,
    Effort,
    Evidence,
    NamesFinding,
    Requantization,
    Scalar,
    TokenizerFinding,
    WeightsFinding,
)

WeightEffort = Literal["sample", "search", "full"]


@dataclass(frozen=True, slots=True, eq=False)
class WeightStage:
    """What reading the weights gave.

    Attributes:
        effort: how much was read.
        comparison: the measurements that the shares and tables are taken from.
        in_place: the measurements number by number, which they are unless something was moved.
        aligned: what the search found, if it holds.
        searched: whether another order of units, heads, channels and layers was looked for.
        shares: how much.
        evidence: all tests.
        weights: the tables.
        same_weights: every weight that both have was read, or the shards vouched for, and is bit-identical.
        budget: bytes that the invariants might read of each model.
        read_before: bytes that had been read of A and of B before any weight was.
        reason: why no weight was read, or None.
    """

    effort: Effort
    comparison: WeightComparison
    in_place: WeightComparison
    aligned: AlignedWeights | None
    searched: bool
    shares: Shares
    evidence: tuple[Evidence, ...]
    weights: WeightsFinding
    same_weights: bool
    budget: int = 0
    read_before: tuple[int, int] = (0, 0)
    reason: str | None = None

    @property
    def parameters(self) -> Mapping[str, Scalar]:
        """Every parameter of the run that changes a number."""
        return {
            "sample_bytes": SAMPLE_BYTES,
            "budget": self.budget,
            **stated(),
            **self._left_out,
        }

    @property
    def _left_out(self) -> dict[str, Scalar]:
        """How many weights were left out because they are no numbers, unless both models hold the same there."""
        count = sum(part.not_finite_apart for part in self.comparison.measurements.values())
        return {"weights_not_finite": count} if count else {}

    @property
    def is_settled(self) -> bool:
        """Whether reading more would not change the relation."""
        log10_p = combined_log10_p(self.evidence)
        if log10_p is not None and log10_p <= RELATION.related_log10_p:
            return True
        found_nothing = log10_p is None or log10_p > RELATION.unclear_log10_p
        return found_nothing and has_asked_invariants(self.evidence)

    def findings(
        self,
        a: Checkpoint,
        b: Checkpoint,
        pairing: Pairing,
        architecture: ArchitectureFinding,
        names: NamesFinding,
        tokenizer: TokenizerFinding,
        ancestors: Ancestors,
    ) -> Findings:
        """Everything the verdict is made from, of the whole and of each part."""
        whole = Findings(
            evidence=self.evidence,
            shares=self.shares,
            operations=self._operations(a, b, names, tokenizer, ancestors),
            same_weights=self.same_weights,
            left_in_a=_left_over(pairing.only_a, pairing, "a"),
            left_in_b=_left_over(pairing.only_b, pairing, "b"),
            architecture=architecture_clause(architecture, changed_segments(names.renames)),
            caveats=reading_caveats(a, b, pairing, self.comparison, self.aligned.tensors_of_b if self.aligned else ()),
            searched=self.searched,
            moved=self.aligned is not None,
            rotated=self.aligned is not None and self.aligned.alignment.residual.kind == "rotation",
            obstacle=self._obstacle(pairing),
            slopes=self._slopes(),
            layer_slopes=self._layer_slopes(),
            unplaced=unplaced_share(a, b, pairing),
        )
        return replace(whole, parts=findings_of_parts(whole, self.in_place, pairing.pairs, a, b))

    def _operations(
        self,
        a: Checkpoint,
        b: Checkpoint,
        names: NamesFinding,
        tokenizer: TokenizerFinding,
        ancestors: Ancestors,
    ) -> tuple[DirectedOperation, ...]:
        """What was done, where there is a relation at all; reading whole matrices needs more than a sample."""
        if not self.same_weights and not is_related(self.evidence):
            return ()
        reads_whole = self.effort in ("search", "full")
        read = read_matrices if reads_whole else sample_matrices
        matrices = [] if self.aligned and self.aligned.backward else read(a, b, self.comparison)
        change = Change(self.comparison, self.aligned, matrices, self.shares, find_merge(a, b, ancestors))
        return find_operations(a, b, change, names, tokenizer)

    def ask_requantization(self, a: Checkpoint, b: Checkpoint) -> Requantization | None:
        """Whether one model's codes are the other's numbers, quantised; asked of weights under their own numbers."""
        if self.aligned is not None:
            return None
        is_whole, measured = self.effort == "full", self.comparison.measurements.values()
        left = None if is_whole else max(0, self.budget - self._most_read(a, b))
        return ask_requantization(a, b, measured, is_whole=is_whole, budget=left)

    def _most_read(self, a: Checkpoint, b: Checkpoint) -> int:
        """Bytes of weights that were read so far of the one of which more was."""
        return max(one.source.bytes_read - before for one, before in zip((a, b), self.read_before, strict=True))

    def _slopes(self) -> tuple[float, float] | None:
        """Slopes after alignment, as seen from A and B whichever of them was found in the other."""
        if self.aligned is None:
            return slopes.measure_slopes(self.comparison)
        if self.aligned.alignment.shows_growth:  # copies share what one unit wrote, so that sizes say nothing
            explained = self.shares.explained or 0.0
            return explained, explained
        found = slopes.measure_slopes(self.aligned.comparison)
        return (found[1], found[0]) if found and self.aligned.backward else found

    def _layer_slopes(self) -> tuple[float, float] | None:
        """Slopes over the layers' matrices, in the order in which they were measured: which is whose does not count."""
        if self.aligned is None:
            return slopes.measure_layer_slopes(self.comparison)
        return None if self.aligned.alignment.shows_growth else slopes.measure_layer_slopes(self.aligned.comparison)

    def _obstacle(self, pairing: Pairing) -> str | None:
        if self.same_weights:
            return None
        if self.reason:
            return self.reason
        if (
            not pairing.pairs
            and self.aligned is None
            and not (has_searched(self.evidence) or has_asked_invariants(self.evidence))
        ):
            return "no tensor of B has a counterpart of the same shape in A"
        return None


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
        searched = effort == "search" or (effort == "full" and not _is_answered(a, b, evidence))
        if searched:
            aligned, further = search_both_ways(
                weights_a, weights_b, pairing, in_place, evidence, shares, found, progress
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


def _size(checkpoint: Checkpoint) -> int:
    """Bytes of a model's weight files."""
    return sum(checkpoint.source.files[file].size for file in checkpoint.container.files)


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


def _left_over(only: Sequence[TensorRef], pairing: Pairing, side: Literal["a", "b"]) -> LeftOver:
    """What one model holds that the other lacks: whole tensors, or else rows of tokens."""
    if only:
        return "tensors"
    for pair in pairing.pairs:
        paired, held = (pair.a_rows, pair.a) if side == "a" else (pair.b_rows, pair.b)
        if len(paired) < held.shape[0]:
            return "rows"
    return "nothing"
