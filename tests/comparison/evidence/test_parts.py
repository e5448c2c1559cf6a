"""A part that was taken shows beside an independent language model; parts of their own show nothing."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.evidence.parts import PART_TESTS, id_in_part, part_alone, part_of_test
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.symmetries.geometry import heads_of_part
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.results import Evidence, Report
from tests.models import SMALL, Weights, llama, model, noisy
from tests.multimodal import beside, multimodal_config, tower


def compared(a: Weights, b: Weights, effort: str = "full") -> Report:
    first, second = (model(weights, multimodal_config(SMALL)) for weights in (a, b))
    return compare_checkpoints(first, second, effort)


def asked_of_tower(report: Report) -> Evidence:
    (found,) = (item for item in report.evidence if item.test_id == "vision-tower-rows")
    return found


@pytest.mark.parametrize("effort", ["sample", "full"])
@pytest.mark.parametrize("taken", [tower(5), noisy(tower(5), 7, 0.05)], ids=["copied", "tuned"])
def test_a_tower_that_was_taken_is_found_beside_another_language_model(taken, effort):
    report = compared(beside(llama(1), tower(5)), beside(llama(99), taken), effort)
    assert (report.verdict.relation, report.verdict.grade) == ("derived", "exact")
    assert asked_of_tower(report).effect > 0.95
    assert "vision tower" in report.verdict.summary


def test_a_taken_tower_is_found_by_exact_tests_of_its_own():
    report = compared(beside(llama(1), tower(5)), beside(llama(99), noisy(tower(5), 7, 0.05)))
    found = {item.test_id: item for item in report.evidence if part_of_test(item.test_id) is ModelPart.VISION_TOWER}
    assert found.keys() == {id_in_part(ModelPart.VISION_TOWER, name) for name in PART_TESTS if name != "ffn-signs"}
    assert all(item.grade == "exact" and not item.per_layer for item in found.values())
    assert found["vision-tower-ffn-fixed-points"].log10_p < -200
    assert found["vision-tower-value-output-signs"].log10_p < -20


def test_heads_of_a_tower_are_its_own():
    first = model(beside(llama(1), tower(5)), multimodal_config(SMALL))
    heads = heads_of_part(first, ModelPart.VISION_TOWER)
    assert (heads.usual.head_dim, heads.usual.queries) == (12, 4)


def test_a_part_alone_has_the_places_of_a_model_of_that_part():
    a, b = (model(beside(llama(seed), tower(seed)), multimodal_config(SMALL)) for seed in (1, 2))
    pairing = pair_tensors(a, b)
    readings = plan_reading(pairing.pairs, "full")
    comparison = comparison_of(a, b, pairing.pairs, measure_all(a, b, readings, NoProgress()))
    alone = part_alone(comparison, ModelPart.VISION_TOWER)
    assert alone.places(Role.Q) == [(layer, None) for layer in range(4)]
    assert all(measured.pair.b.part is ModelPart.VISION_TOWER for measured in alone.matrices())
    assert len(comparison.places(Role.Q)) == SMALL.layers


def test_towers_of_their_own_are_independent():
    report = compared(beside(llama(1), tower(5)), beside(llama(99), tower(6)))
    assert report.verdict.relation == "independent"
    assert asked_of_tower(report).effect < 0.2
    asked = [item.log10_p for item in report.evidence if part_of_test(item.test_id) is not None]
    assert asked
    assert min(asked) > -3


def test_models_without_towers_are_asked_nothing_of_them():
    report = compare_checkpoints(model(llama(1)), model(llama(2)))
    assert not [item for item in report.evidence if item.test_id.endswith("-rows")]
