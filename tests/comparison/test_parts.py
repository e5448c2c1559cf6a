"""A part that was taken shows beside an independent language model; parts of their own show nothing."""

from __future__ import annotations

import pytest

from lineage_audit.comparison import compare_checkpoints
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
    assert (report.verdict.relation, report.verdict.grade) == ("derived", "calibrated")
    assert asked_of_tower(report).effect > 0.95
    assert "vision tower" in report.verdict.summary


def test_towers_of_their_own_are_independent():
    report = compared(beside(llama(1), tower(5)), beside(llama(99), tower(6)))
    assert report.verdict.relation == "independent"
    assert asked_of_tower(report).effect < 0.2


def test_models_without_towers_are_asked_nothing_of_them():
    report = compare_checkpoints(model(llama(1)), model(llama(2)))
    assert not [item for item in report.evidence if item.test_id.endswith("-rows")]
