"""The exact tests, asked of every part beside the core: towers and encoders have units and heads of their own.

A part's layers are a transformer's, so what is symmetric in the core's is symmetric in theirs. Each is asked alone,
under its own numbers, and with its own layout of heads.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from lineage_audit.checkpoint.model_parts import CORE, ModelPart
from lineage_audit.checkpoint.tensors import TensorKey
from lineage_audit.comparison.evidence import (
    ffn_fixed_points,
    ffn_signs,
    head_fixed_points,
    query_key_signs,
    value_output_signs,
)
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.results import Evidence

PART_TESTS: Mapping[str, Callable[[WeightComparison], Evidence]] = {
    module.TEST.test_id: module.measure
    for module in (ffn_signs, value_output_signs, query_key_signs, ffn_fixed_points, head_fixed_points)
}
"""Test id -> the test, for those whose symmetries no part breaks: they need no norm and no basis."""

PARTS = tuple(part for part in ModelPart if part not in CORE)


def id_in_part(part: ModelPart, test_id: str) -> str:
    """The id of a test that is asked of one part."""
    return f"{part.replace('_', '-')}-{test_id}"


def test_asked(test_id: str) -> str:
    """The id of the test itself, whichever part it was asked of."""
    return _ASKED.get(test_id, test_id)


def part_of_test(test_id: str) -> ModelPart | None:
    """The part that a test was asked of; None for one that was asked of the core."""
    return _PART.get(test_id)


_ASKED = {id_in_part(part, test_id): test_id for part in PARTS for test_id in PART_TESTS}
_PART = {id_in_part(part, test_id): part for part in PARTS for test_id in PART_TESTS}


def measure_inside_parts(comparison: WeightComparison) -> tuple[Evidence, ...]:
    """Run the tests on every part whose layers have roles; those that could not be run are not listed."""
    present = {key.beside for key in comparison.measurements if isinstance(key, TensorKey) and key.beside is not None}
    asked = ((part, part_alone(comparison, part)) for part in ModelPart if part in present)
    return tuple(
        _of_part(part, evidence)
        for part, alone in asked
        for test in PART_TESTS.values()
        if (evidence := test(alone)).status == "measured"
    )


def part_alone(comparison: WeightComparison, part: ModelPart) -> WeightComparison:
    """The measurements of one part, in the places that they would have in a model of that part alone."""
    return replace(
        comparison,
        measurements={
            replace(place, beside=None): measured
            for place, measured in comparison.measurements.items()
            if isinstance(place, TensorKey) and place.beside is part
        },
        heads=comparison.heads_beside.get(part),
        rotary=None,
        broken={},
    )


def _of_part(part: ModelPart, evidence: Evidence) -> Evidence:
    """The evidence under the part's name; its layers are not the core's, so that none is listed by layer."""
    words = part.replace("_", " ")
    question = f"In the {words}: {evidence.question[0].lower()}{evidence.question[1:]}"
    return dataclasses.replace(
        evidence,
        test_id=id_in_part(part, evidence.test_id),
        question=question,
        finding=f"{evidence.finding} (in the {words})" if not evidence.finding.endswith(".") else evidence.finding,
        per_layer=(),
    )
