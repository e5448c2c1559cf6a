"""Every part of a model has a verdict of its own, by the rules of all; the whole lists them where they differ."""

from __future__ import annotations

import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.results import Report
from tests.models import SMALL, WIDE, Weights, llama, llama_config, model, noisy
from tests.multimodal import beside, multimodal_config, tower


def compared(a: Weights, b: Weights, effort: str = "full") -> Report:
    first, second = (model(weights, multimodal_config(SMALL)) for weights in (a, b))
    return compare_checkpoints(first, second, effort)


def relations(report: Report) -> dict[tuple[str, ...], str]:
    return {part.parts: part.relation for part in report.verdict.parts}


@pytest.mark.parametrize("effort", ["sample", "full"])
@pytest.mark.parametrize(
    ("taken", "at_full"), [(tower(5), "identical"), (noisy(tower(5), 7, 0.05), "derived")], ids=["copied", "tuned"]
)
def test_a_tower_that_was_taken_is_judged_apart_from_the_language_model(
    taken: Weights, at_full: str, effort: str
) -> None:
    report = compared(beside(llama(1), tower(5)), beside(llama(99), taken), effort)
    found = relations(report)
    assert found["vision_tower",] in {at_full, "derived"}
    assert found["language_model",] in {"independent", "inconclusive"}
    assert report.verdict.relation == "derived"
    assert report.verdict.summary.endswith(f"vision tower {found['vision_tower',]}.")
    (own,) = (part for part in report.verdict.parts if part.parts == ("vision_tower",))
    assert own.derived_share == pytest.approx(1.0)
    assert own.derived_share > (report.verdict.derived_share or 0.0)
    assert own.log10_p is not None
    assert own.log10_p < -20


def test_a_language_model_that_was_taken_leaves_the_tower_alone() -> None:
    report = compared(beside(llama(1), tower(5)), beside(noisy(llama(1), 3, 0.05), tower(6)))
    found = relations(report)
    assert found["language_model",] == "derived"
    assert found["vision_tower",] not in {"identical", "derived", "shared-origin"}


def test_strangers_have_no_part_in_common() -> None:
    report = compared(beside(llama(1), tower(5)), beside(llama(2), tower(6)))
    assert report.verdict.relation in {"independent", "inconclusive"}
    assert not {"identical", "derived", "shared-origin"} & set(relations(report).values())
    assert all(part.derived_share is None for part in report.verdict.parts)


def test_a_copy_of_everything_lists_no_differences() -> None:
    weights = beside(llama(1), tower(5))
    report = compared(weights, noisy(weights, 3, 0.05))
    assert set(relations(report).values()) == {"derived"}
    assert "By part" not in report.verdict.summary


def test_every_part_of_equal_files_is_identical() -> None:
    weights = beside(llama(1), tower(5))
    report = compared(weights, weights, "auto")
    assert set(relations(report).values()) == {report.verdict.relation} == {"identical"}
    assert "By part" not in report.verdict.summary


def test_a_model_of_one_part_has_no_parts() -> None:
    first, second = (model(llama(seed, WIDE), llama_config(WIDE)) for seed in (1, 2))
    assert compare_checkpoints(first, second).verdict.parts == ()
