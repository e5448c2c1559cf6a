"""Verdicts about a model that is written as a sum: whether the other one is that sum, to within rounding.

Merging an adapter in another library, or on another processor, adds the same numbers in another order, so the last bit
of some weights differs. That is no difference between models, and it is said so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.pairing.tensors import Pairing
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.stages import WeightStage
from lineage_audit.comparison.verdict import NOT_THEFT
from lineage_audit.results import OperationKind, Verdict

_EQUAL_SHARE = 0.99
"""Share of a coarse tensor's elements that rounding leaves equal when sums are taken in another order."""

_EQUAL_SHARE_ACROSS_TYPES = 0.9
"""The same where the two sides have different types: what was rounded to one and then to the other is off by one unit
in about one of sixteen elements (float16, then bfloat16)."""

_FINE_BITS = 20
_FINE_DELTA = 2.0**-21
"""Relative size of the difference that single precision may leave: eight units of its last place, together."""

_FROM_ROUNDING: frozenset[OperationKind] = frozenset(
    {"fine-tuned", "continued-pretrained", "changed", "edited", "noise-added", "cast", "lora-merged", "quantized"}
)
"""Operations that a difference of rounding alone could be mistaken for."""


def restate(verdict: Verdict, a: Checkpoint, b: Checkpoint, pairing: Pairing, stage: WeightStage) -> Verdict:
    """Say of a composed model whether the other one is what it is composed of; other verdicts stay as they are."""
    if not (a.composed_of or b.composed_of) or verdict.relation not in ("identical", "derived", "shared-origin"):
        return verdict
    whole, composed, parts = ("B", a, "A") if a.composed_of else ("A", b, "B")
    sum_of = " plus ".join(ref.rstrip("/").rpartition("/")[2] for ref in composed.composed_of)
    if verdict.relation == "identical":
        return replace(verdict, summary=f"Identical: {whole} holds the very weights of {sum_of}.")
    measured = list(stage.comparison.measurements.values())
    if stage.aligned is not None or not measured or not all(map(_is_equal_but_for_rounding, measured)):
        return verdict
    operations = tuple(item for item in verdict.operations if item.kind not in _FROM_ROUNDING)
    if not _is_everything(pairing, measured):
        summary = f"Derived: as far as the weights were read, {whole} is {sum_of} ({parts}) to within rounding."
        return replace(verdict, relation="derived", summary=summary, operations=operations)
    return replace(
        verdict,
        relation="identical",
        direction="undetermined",
        summary=f"Identical to within rounding: {whole} is {sum_of}.",
        operations=operations,
        caveats=(*_reading_caveats(verdict, composed), NOT_THEFT),
    )


def _reading_caveats(verdict: Verdict, composed: Checkpoint) -> Iterable[str]:
    """What was left out or added, of the caveats that the verdict had."""
    return (text for text in verdict.caveats if any(text.endswith(own) for own in composed.caveats))


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
        return relative <= _FINE_DELTA
    share = _EQUAL_SHARE if part.pair.a.dtype == part.pair.b.dtype else _EQUAL_SHARE_ACROSS_TYPES
    return max(part.equal, part.rounded or 0) >= share * part.elements and relative <= 2.0**-bits
