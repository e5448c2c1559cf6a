"""A model that is written as a sum, and whether the other one is that sum, to within rounding.

Merging an adapter in another library, or on another processor, adds the same numbers in another order, so the last bit
of some weights differs. That is no difference between models, and it is said so.
"""

from __future__ import annotations

from collections.abc import Iterable

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.judging import WeightStage
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.verdict.findings import Letter, SumEquality, WrittenSum, other_than
from lineage_audit.comparison.verdict.thresholds import COMPOSED

_FINE_BITS = 20


def find_sum(a: Checkpoint, b: Checkpoint, pairing: Pairing, stage: WeightStage) -> WrittenSum | None:
    """Hold a model that is written as a sum against the other one; None where neither is written so."""
    if not (a.composed_of or b.composed_of):
        return None
    parts: Letter = "A" if a.composed_of else "B"
    composed = a if a.composed_of else b
    return WrittenSum(
        whole=other_than(parts),
        parts=parts,
        of=" plus ".join(ref.rstrip("/").rpartition("/")[2] for ref in composed.composed_of),
        equal=_equal_part(pairing, stage),
        caveats=tuple(f"{parts}: {text}" for text in composed.caveats),
    )


def _equal_part(pairing: Pairing, stage: WeightStage) -> SumEquality:
    """How much of two models is equal but for rounding, under their own numbers."""
    measured = list(stage.comparison.measurements.values())
    if stage.aligned is not None or not measured or not all(map(_is_equal_but_for_rounding, measured)):
        return "nothing"
    return "everything" if _is_everything(pairing, measured) else "what-was-read"


def _is_everything(pairing: Pairing, measured: Iterable[Measurement]) -> bool:
    """Tell whether every weight of both was read and has its counterpart."""
    return (
        not (pairing.mismatched or pairing.unreadable or pairing.only_a or pairing.only_b)
        and all(part.is_complete and not part.not_finite_apart for part in measured)
        and all(len(pair.b_rows) == pair.b.shape[0] and len(pair.a_rows) == pair.a.shape[0] for pair in pairing.pairs)
    )


def _is_equal_but_for_rounding(part: Measurement) -> bool:
    """Tell whether two tensors differ by no more than sums in another order do in the coarser of their types."""
    if part.equal == part.elements:
        return True
    bits = min(EXACT_BITS.get(side.dtype, 0) for side in (part.pair.a, part.pair.b))
    size = max(float(part.rows.aa.sum()), float(part.rows.bb.sum()))
    relative = (part.delta_squared / size) ** 0.5 if size > 0 else 0.0
    if bits > _FINE_BITS:
        return relative <= COMPOSED.fine_delta
    share = COMPOSED.equal_share if part.pair.a.dtype == part.pair.b.dtype else COMPOSED.equal_share_across_types
    return max(part.equal, part.rounded or 0) >= share * part.elements and relative <= 2.0**-bits
