"""The weights' part of a comparison: choose an effort, read, align, test, and hand the findings to the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.units import UnitOrder, find_unit_orders, reorder_pairs
from lineage_audit.comparison.architecture import same_function
from lineage_audit.comparison.broken_symmetries import broken_symmetries
from lineage_audit.comparison.evidence import gather_cross_checks, gather_evidence
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.geometry import Heads, Rotary, heads_of, rotary_of
from lineage_audit.comparison.measurement import Measurement, Place, elements_of, measure_all
from lineage_audit.comparison.operations import find_operations
from lineage_audit.comparison.pairing import Pairing
from lineage_audit.comparison.plan import FULL_AT_ONCE, SAMPLE_BYTES, WeightEffort, plan_reading
from lineage_audit.comparison.progress import Progress
from lineage_audit.comparison.verdict import (
    RELATED_LOG10_P,
    UNCLEAR_LOG10_P,
    WEAKEST_DETECTION,
    Findings,
    LeftOver,
    combined_log10_p,
    detection_limit,
    strongest,
)
from lineage_audit.comparison.weights import Shares, describe_weights, measure_shares
from lineage_audit.results import (
    ArchitectureFinding,
    Effort,
    Evidence,
    NamesFinding,
    Scalar,
    TokenizerFinding,
    WeightsFinding,
)


@dataclass(frozen=True, slots=True, eq=False)
class WeightStage:
    """What reading the weights gave.

    Attributes:
        effort: how much was read.
        comparison: the measurements.
        orders: FFN units found in another order.
        shares: how much.
        evidence: all tests.
        weights: the tables.
        same_weights: every weight that both have was read, or the shards vouched for, and is bit-identical.
        reason: why no weight was read, or None.
    """

    effort: Effort
    comparison: WeightComparison
    orders: tuple[UnitOrder, ...]
    shares: Shares
    evidence: tuple[Evidence, ...]
    weights: WeightsFinding
    same_weights: bool
    reason: str | None = None

    @property
    def parameters(self) -> Mapping[str, Scalar]:
        """Every parameter of the run that changes a number."""
        return {
            "sample_bytes": SAMPLE_BYTES,
            "related_log10_p": RELATED_LOG10_P,
            "unclear_log10_p": UNCLEAR_LOG10_P,
            "weakest_detection": WEAKEST_DETECTION,
        }

    @property
    def is_settled(self) -> bool:
        """Whether reading more would not change the relation."""
        log10_p, limit = combined_log10_p(self.evidence), detection_limit(self.evidence)
        if log10_p is not None and log10_p <= RELATED_LOG10_P:
            return True
        found_nothing = log10_p is None or log10_p > UNCLEAR_LOG10_P
        return found_nothing and limit is not None and limit <= WEAKEST_DETECTION

    def findings(
        self,
        a: Checkpoint,
        b: Checkpoint,
        pairing: Pairing,
        architecture: ArchitectureFinding,
        names: NamesFinding,
        tokenizer: TokenizerFinding,
    ) -> Findings:
        """Everything the verdict is made from."""
        return Findings(
            evidence=self.evidence,
            shares=self.shares,
            operations=find_operations(a, b, self.comparison, self.orders, self.shares, names, tokenizer),
            same_weights=self.same_weights,
            left_in_a=_left_over(pairing.only_a, pairing, "a"),
            left_in_b=_left_over(pairing.only_b, pairing, "b"),
            architecture=_architecture_clause(architecture),
            caveats=(*a_and_b(a, b), *_pairing_caveats(b, pairing), *_value_caveats(self.comparison)),
            obstacle=self._obstacle(pairing),
        )

    def _obstacle(self, pairing: Pairing) -> str | None:
        if self.same_weights:
            return None
        if self.reason:
            return self.reason
        if not pairing.pairs:
            return "no tensor of B has a counterpart of the same shape in A"
        return None


def choose_effort(a: Checkpoint, b: Checkpoint) -> WeightEffort:
    """Read small local models whole, others by sample."""
    is_local = a.source.is_local and b.source.is_local
    size = sum(one.source.files[file].size for one in (a, b) for file in one.container.files)
    return "full" if is_local and size <= FULL_AT_ONCE else "sample"


def same_shards(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether equal weight files prove identity without reading a weight."""
    if a.digest.startswith("sha256:"):
        return a.digest == b.digest
    inodes_a, inodes_b = ([one.source.files[file].inode for file in one.container.files] for one in (a, b))
    return all(inodes_a) and inodes_a == inodes_b


def without_weights(reason: str, same_weights: bool) -> WeightStage:
    """The stage when no weight was read: either none was asked for, or equal shards made it needless."""
    everything = 1.0 if same_weights else None
    shares = Shares(everything, everything, everything, 1.0 if same_weights else 0.0, 0.0 if same_weights else None)
    return WeightStage(
        effort="metadata",
        comparison=WeightComparison({}, {}, None, None, None, 0),
        orders=(),
        shares=shares,
        evidence=(),
        weights=WeightsFinding(reason, shares.compared, (), ()),
        same_weights=same_weights,
        reason=reason,
    )


def compare_weights(
    a: Checkpoint, b: Checkpoint, pairing: Pairing, effort: WeightEffort, progress: Progress
) -> WeightStage:
    """Read, align and test."""
    readings = plan_reading(pairing.pairs, effort)
    progress.begin(sum(elements_of(reading) for reading in readings), f"{effort} comparison")
    measurements = measure_all(a, b, readings, progress)
    comparison = _comparison(a, b, measurements, {})
    orders = find_unit_orders(comparison)
    if orders:
        again = plan_reading(reorder_pairs(comparison, orders), effort)
        progress.begin(sum(elements_of(reading) for reading in again), "aligned FFN units")
        comparison = _comparison(a, b, measurements, measure_all(a, b, again, progress))
    evidence = gather_evidence(comparison)
    shares = measure_shares(comparison)
    return WeightStage(
        effort=effort,
        comparison=comparison,
        orders=orders,
        shares=shares,
        evidence=evidence,
        weights=describe_weights(comparison, evidence, strongest(evidence), shares),
        same_weights=effort == "full" and _same_weights(pairing, list(measurements.values())),
    )


def with_cross_checks(stage: WeightStage) -> WeightStage:
    """Add the published statistics that the verdict does not need."""
    return replace(stage, evidence=stage.evidence + gather_cross_checks(stage.comparison))


def _comparison(
    a: Checkpoint, b: Checkpoint, measurements: Mapping[Place, Measurement], aligned: Mapping[Place, Measurement]
) -> WeightComparison:
    heads = _shared_heads(heads_of(a), heads_of(b))
    return WeightComparison(
        measurements=measurements,
        aligned=aligned,
        heads=heads,
        rotary=_shared_rotary(a, b, heads),
        rms_norm=_is_rms_norm(a, b),
        broken=broken_symmetries(a, b),
        parameters=sum(tensor.size for tensor in b.tensors if tensor.role != Role.BUFFER),
    )


def _shared_heads(a: Heads | None, b: Heads | None) -> Heads | None:
    """The head layout of both, or of the one that states it: one model's symmetry is enough for the null."""
    if a is None or b is None:
        return a or b
    return a if a == b else None


def _shared_rotary(a: Checkpoint, b: Checkpoint, heads: Heads | None) -> Rotary | None:
    """The rotary layout of both, or of the one that states it; None where they contradict each other."""
    if heads is None:
        return None
    rotary_a, rotary_b = rotary_of(a, heads), rotary_of(b, heads)
    if rotary_a is None or rotary_b is None:
        return rotary_a or rotary_b
    return rotary_a if rotary_a == rotary_b else None


def _is_rms_norm(a: Checkpoint, b: Checkpoint) -> bool | None:
    """Whether either model is known to normalise without subtracting the mean: one is enough for the null."""
    known = {kind for kind in (a.config.text("norm"), b.config.text("norm")) if kind}
    return ("rmsnorm" in known) if known else None


def _same_weights(pairing: Pairing, parts: Sequence[Measurement]) -> bool:
    """Tell whether every element that both have was read and is equal."""
    return (
        bool(parts)
        and not (pairing.mismatched or pairing.unreadable)
        and all(
            len(part.positions) == len(part.pair.b_rows) and part.equal == part.elements and not part.not_finite
            for part in parts
        )
    )


def _left_over(only: Sequence[TensorRef], pairing: Pairing, side: Literal["a", "b"]) -> LeftOver:
    """What one model holds that the other lacks: whole tensors, or else rows of tokens."""
    if only:
        return "tensors"
    for pair in pairing.pairs:
        paired, held = (pair.a_rows, pair.a) if side == "a" else (pair.b_rows, pair.b)
        if len(paired) < held.shape[0]:
            return "rows"
    return "nothing"


def _architecture_clause(architecture: ArchitectureFinding) -> str:
    """The architecture finding as the beginning of a sentence."""
    if same_function(architecture):
        return architecture.summary.split(":")[0]
    return "different architectures" if architecture.fields else "architectures unknown"


def a_and_b(a: Checkpoint, b: Checkpoint) -> tuple[str, ...]:
    """What could not be read of either model."""
    return tuple(f"A: {text}" for text in a.caveats) + tuple(f"B: {text}" for text in b.caveats)


def _pairing_caveats(b: Checkpoint, pairing: Pairing) -> tuple[str, ...]:
    """What was paired by guesswork, and what could not be paired."""
    caveats = []
    inferred = sum(pair.a.inferred or pair.b.inferred for pair in pairing.pairs)
    structural = sum(pair.structural for pair in pairing.pairs)
    if inferred:
        caveats.append(f"The roles of {inferred:,} tensors were inferred from words and shapes in their names.")
    if structural:
        caveats.append(f"{structural:,} tensors were paired by structure and shape alone.")
    left = sum(tensor.size for tensor in pairing.only_b) + sum(tensor.size for _, tensor in pairing.mismatched)
    share = left / max(1, b.parameters)
    if share >= 0.001:
        caveats.append(f"{share:.1%} of B's parameters have no counterpart of the same shape in A and were left out.")
    if pairing.unreadable:
        first = pairing.unreadable[0]
        caveats.append(f"{len(pairing.unreadable):,} tensors are of a type that is not read yet ({first.dtype}).")
    return tuple(caveats)


def _value_caveats(comparison: WeightComparison) -> tuple[str, ...]:
    """Values that are no numbers."""
    count = sum(part.not_finite for part in comparison.measurements.values())
    return (f"{count:,} weights are NaN, infinite or absurdly large and were left out.",) if count else ()
