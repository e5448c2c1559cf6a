"""From answers to an outcome: each rule speaks where it should, in words that never say derived."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.behaviour import held_against
from lineage_audit.behaviour.thresholds import ASKING, LEAN
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import Behaviour
from tests.behaviour.synthetic import PROMPTS, answers, drawn, stranger, strangers, student_of

TEACHER, STUDENT = stranger(1), student_of(1, of=1)


def _said(result: Behaviour) -> str:
    return " ".join((result.summary, *result.caveats))


def test_a_student_leans_and_the_chance_is_that_of_its_controls() -> None:
    result = held_against(TEACHER, STUDENT, strangers(5), PROMPTS)
    assert result.outcome == "leans"
    assert result.p_value == result.least_p == pytest.approx(1 / 6)
    assert result.effect is not None and result.detection_limit is not None
    assert result.effect > result.detection_limit >= LEAN.least_effect
    assert "derive" not in _said(result)


def test_a_stranger_does_not_and_what_would_have_shown_is_said() -> None:
    result = held_against(TEACHER, stranger(2), strangers(6), PROMPTS)
    assert result.outcome == "none"
    assert f"{result.detection_limit:.2f}" in result.summary


def test_with_four_controls_nothing_is_said() -> None:
    result = held_against(TEACHER, STUDENT, strangers(4), PROMPTS)
    assert (result.outcome, result.effect, result.p_value) == ("inconclusive", None, None)
    assert "controls" in result.summary


def test_a_control_that_leans_itself_makes_it_inconclusive_and_is_named() -> None:
    result = held_against(TEACHER, stranger(2), [student_of(1, of=1, share=0.97), *strangers(5)], PROMPTS)
    assert result.outcome == "inconclusive"
    assert "student-1" in result.summary
    assert result.controls[0].model.model == "student-1"


def test_two_controls_that_share_as_much_make_it_inconclusive_and_are_named() -> None:
    a, b = stranger(1), student_of(1, of=1, share=0.6)
    assert held_against(a, b, strangers(6), PROMPTS).outcome == "leans"
    result = held_against(a, b, [student_of(10, of=10, share=0.9), *strangers(6)], PROMPTS)
    assert result.outcome == "inconclusive"
    assert "(student-10, stranger-10)" in result.summary or "(stranger-10, student-10)" in result.summary


def test_controls_of_one_origin_do_not_clear_anyone() -> None:
    result = held_against(TEACHER, stranger(2), [student_of(10, of=10, share=0.97), *strangers(6)], PROMPTS)
    assert result.outcome == "inconclusive"
    assert "student-10" in result.summary


def test_between_strangers_and_students_it_is_not_told() -> None:
    result = held_against(TEACHER, student_of(1, of=1, share=0.28), strangers(6), PROMPTS)
    assert result.outcome == "inconclusive"


def test_a_model_is_no_control_of_itself() -> None:
    result = held_against(TEACHER, STUDENT, [TEACHER, STUDENT, *strangers(5), *strangers(5)], PROMPTS)
    assert len(result.controls) == 5
    assert any("left out" in caveat for caveat in result.caveats)


def test_too_few_common_stops_are_too_few() -> None:
    few = np.full_like(STUDENT.unseen, np.nan)
    few[: ASKING.fewest_stops - 1] = 0
    result = held_against(TEACHER, replace(STUDENT, unseen=few), strangers(5), PROMPTS)
    assert result.outcome == "inconclusive"
    assert result.stops == ASKING.fewest_stops - 1


@pytest.mark.parametrize("other", [{"prompts": "0-other"}, {"manner": "chat"}], ids=["prompts", "manner"])
def test_answers_to_something_else_are_refused(other: dict[str, str]) -> None:
    with pytest.raises(LineageAuditError, match="student-1"):
        held_against(TEACHER, replace(STUDENT, **other), strangers(5), PROMPTS)  # type: ignore[arg-type]


def test_where_the_controls_are_of_another_kind_a_lean_is_not_said() -> None:
    kind, other_kind = 2.0 * drawn(900), 2.0 * drawn(901)
    a, b = (answers(name, kind, drawn(seed)) for name, seed in (("a", 1), ("b", 2)))
    controls = [answers(f"control-{n}", other_kind, drawn(n)) for n in range(10, 16)]
    result = held_against(a, b, controls, PROMPTS)
    assert result.effect is not None and result.effect > LEAN.least_effect
    assert result.outcome == "inconclusive"
    assert "unlike" in result.summary
