"""What was read of the weights of two models, and what follows from it.

It is the same whoever gives the measurements: rows of checkpoints were read for them, or sketches of fingerprints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.alignment.aligned import AlignedWeights
from lineage_audit.comparison.evidence import slopes
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.metadata.architecture import architecture_clause
from lineage_audit.comparison.metadata.caveats import reading_caveats
from lineage_audit.comparison.metadata.names import changed_segments
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.operations.finding import Change, find_operations
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.pairing.unnamed import unplaced_share
from lineage_audit.comparison.parts import findings_of_parts
from lineage_audit.comparison.reading.plan import SAMPLE_BYTES
from lineage_audit.comparison.shares.weights import Shares
from lineage_audit.comparison.verdict.findings import Findings, LeftOver
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    has_asked_invariants,
    has_searched,
    is_related,
)
from lineage_audit.comparison.verdict.thresholds import RELATION, stated
from lineage_audit.results import (
    OPPOSITE,
    ArchitectureFinding,
    Effort,
    Evidence,
    NamesFinding,
    Scalar,
    TokenizerFinding,
    Way,
    WeightsFinding,
)


class ReadAgain(Struct, frozen=True, eq=False):
    """What was read once more of two related models, to tell what was done; nothing where nobody read.

    Attributes:
        matrices: whole matrices of both, or windows on them.
        merge: the merge that named parents explain, or None.
    """

    matrices: Sequence[MatrixPair] = ()
    merge: DirectedOperation | None = None


class WeightStage(Struct, frozen=True, eq=False):
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
        again: ReadAgain,
    ) -> Findings:
        """Everything the verdict is made from, of the whole and of each part."""
        whole = Findings(
            evidence=self.evidence,
            shares=self.shares,
            operations=self._operations(a, b, names, tokenizer, again),
            same_weights=self.same_weights,
            left_in_a=_left_over(pairing.only_a, pairing, "a"),
            left_in_b=_left_over(pairing.only_b, pairing, "b"),
            architecture=architecture_clause(architecture, changed_segments(names.renames)),
            caveats=reading_caveats(a, b, pairing, self.comparison, self.aligned.compared_of_b if self.aligned else ()),
            searched=self.searched,
            moved=self.aligned is not None,
            rotated=self.aligned is not None and self.aligned.alignment.residual.kind == "rotation",
            obstacle=self._obstacle(pairing),
            layer_slopes=self._layer_slopes(),
            excluded_by_slopes=self._excluded_by_slopes(),
            unplaced=unplaced_share(a, b, pairing),
            unread=(*(("A", left) for left in a.unsettled), *(("B", left) for left in b.unsettled)),
        )
        return replace(whole, parts=findings_of_parts(whole, self.in_place, pairing.pairs, a, b))

    @property
    def is_related(self) -> bool:
        """Whether there is a relation that operations can explain."""
        return self.same_weights or is_related(self.evidence)

    def _operations(
        self, a: Checkpoint, b: Checkpoint, names: NamesFinding, tokenizer: TokenizerFinding, again: ReadAgain
    ) -> tuple[DirectedOperation, ...]:
        """What was done, where there is a relation at all."""
        if not self.is_related:
            return ()
        change = Change(self.comparison, self.aligned, again.matrices, self.shares, again.merge)
        return find_operations(a, b, change, names, tokenizer)

    def _layer_slopes(self) -> tuple[float, float] | None:
        """Slopes over the layers' matrices, in the order in which they were measured: which is whose does not count."""
        if self.aligned is None:
            return slopes.measure_layer_slopes(self.comparison)
        return None if self.aligned.alignment.shows_growth else slopes.measure_layer_slopes(self.aligned.comparison)

    def _excluded_by_slopes(self) -> Way | None:
        """The way that no training leads, as seen from A and B whichever of them was found in the other."""
        if self.aligned is None:
            return slopes.excluded_by_slopes(self.comparison)
        if self.aligned.alignment.shows_growth:  # copies share what one unit wrote, so that sizes say nothing
            return None
        found = slopes.excluded_by_slopes(self.aligned.comparison)
        return OPPOSITE[found] if found and self.aligned.backward else found

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


def _left_over(only: Sequence[TensorRef], pairing: Pairing, side: Literal["a", "b"]) -> LeftOver:
    """What one model holds that the other lacks: whole tensors, or else rows of tokens."""
    if only:
        return "tensors"
    for pair in pairing.pairs:
        paired, held = (pair.a_rows, pair.a) if side == "a" else (pair.b_rows, pair.b)
        if len(paired) < held.shape[0]:
            return "rows"
    return "nothing"
