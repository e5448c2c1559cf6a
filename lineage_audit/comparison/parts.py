"""What is known of each part of a model, as if the model were that part alone: its tests and its shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.model_parts import CORE, ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.part_rows import part_asked
from lineage_audit.comparison.evidence.parts import test_asked
from lineage_audit.comparison.pairing.tensors import TensorPair
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.comparison.shares.weights import measure_shares
from lineage_audit.comparison.verdict.findings import Findings, PartFindings
from lineage_audit.results import Evidence

_Parts = frozenset[ModelPart]

_NO_COUNTERPART = "A has no counterpart of it in the same shapes"


def findings_of_parts(
    whole: Findings, comparison: WeightComparison, pairs: Sequence[TensorPair], a: Checkpoint, b: Checkpoint
) -> tuple[PartFindings, ...]:
    """What is known of every part of B; nothing where B is of one part.

    Args:
        whole: what is known of the whole model. Only what is searched can have been moved: the core.
        comparison: what was measured number by number.
        pairs: all pairs, measured or not.
        a: model A.
        b: model B.
    """
    groups = list(_groups(b))
    if len(groups) < 2:
        return ()
    return tuple(PartFindings(_names(group), _of_group(whole, group, comparison, pairs, a, b)) for group in groups)


def _names(group: _Parts) -> tuple[str, ...]:
    return tuple(str(part) for part in ModelPart if part in group)


def _groups(b: Checkpoint) -> Iterator[_Parts]:
    """The parts of B that hold matrices; those of the core are searched and tested together."""
    present = {tensor.part for tensor in b.tensors if _counts(tensor) and len(tensor.shape) > 1}
    if present & CORE:
        yield frozenset(present & CORE)
    yield from (frozenset({part}) for part in ModelPart if part in present - CORE)


def _of_group(
    whole: Findings,
    group: _Parts,
    comparison: WeightComparison,
    pairs: Sequence[TensorPair],
    a: Checkpoint,
    b: Checkpoint,
) -> Findings:
    if whole.same_weights and not comparison.measurements:  # the files are equal: what holds of all holds of each part
        return replace(whole, parts=())
    own = _alone(comparison, group, pairs, b)
    if group & CORE:
        evidence = tuple(item for item in whole.evidence if part_asked(item) is None)
        return replace(whole, evidence=evidence, shares=whole.shares if whole.moved else measure_shares(own), parts=())
    measured = list(own.measurements.values())
    return Findings(
        evidence=_asked_of(whole.evidence, group),
        shares=measure_shares(own),
        operations=(),
        same_weights=_are_same(measured),
        left_in_a="tensors" if _holds_more(a, group, [one.pair.a for one in measured]) else "nothing",
        left_in_b="tensors" if _holds_more(b, group, [one.pair.b for one in measured]) else "nothing",
        architecture=whole.architecture,
        caveats=(),
        searched=False,
        moved=False,
        rotated=False,
        obstacle=None if measured else _NO_COUNTERPART,
    )


def _alone(comparison: WeightComparison, group: _Parts, pairs: Sequence[TensorPair], b: Checkpoint) -> WeightComparison:
    """What was measured in a part, of its own parameters."""
    return replace(
        comparison,
        measurements={place: one for place, one in comparison.measurements.items() if one.pair.b.part in group},
        parameters=sum(tensor.size for tensor in b.tensors if tensor.part in group and _counts(tensor)),
        paired=sum(pair.elements for pair in pairs if pair.b.part in group),
    )


def _asked_of(evidence: Sequence[Evidence], group: _Parts) -> tuple[Evidence, ...]:
    """The tests that were asked of a part, under the ids that they would have in a model of that part alone."""
    return tuple(
        dataclasses.replace(item, test_id=test_asked(item.test_id)) for item in evidence if part_asked(item) in group
    )


def _are_same(measured: Sequence[Measurement]) -> bool:
    """Whether every number of what was measured was read and is equal."""
    return bool(measured) and all(one.is_complete and one.is_equal for one in measured)


def _holds_more(model: Checkpoint, group: _Parts, measured: Sequence[TensorRef]) -> bool:
    """Whether a model holds tensors of a part that were not measured."""
    names = {tensor.name for tensor in measured}
    return any(tensor.part in group and _counts(tensor) and tensor.name not in names for tensor in model.tensors)


def _counts(tensor: TensorRef) -> bool:
    return tensor.role != Role.BUFFER
