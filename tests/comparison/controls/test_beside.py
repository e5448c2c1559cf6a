"""Numbers that people quote: unrelated models give them too, and the report says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineage_audit import compare
from lineage_audit.comparison.controls.beside import shipped_controls
from lineage_audit.comparison.controls.numbers import NUMBERS
from lineage_audit.report.terminal import text_of
from lineage_audit.results import ControlledNumber, Report

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"
PARENT, TWIN = SAMPLES / "llama-style-parent", SAMPLES / "llama-style-twin"
pytestmark = pytest.mark.skipif(not PARENT.is_dir(), reason="no sample checkpoints")


@pytest.fixture(scope="module")
def strangers() -> Report:
    return compare(str(PARENT), str(TWIN))


def _by_id(report: Report) -> dict[str, ControlledNumber]:
    return {number.number_id: number for number in report.controls}


def test_two_seeds_agree_in_what_people_quote_and_none_of_it_tells_anything(strangers: Report) -> None:
    assert strangers.verdict.relation == "independent"
    found = _by_id(strangers)
    assert set(found) == {number.number_id for number in NUMBERS}
    assert (found["norm-cosine"].value or 0.0) > 0.95
    assert found["equal-fields"].value == 1.0
    assert found["shared-tokens"].value == 1.0
    assert abs(found["raw-cosine"].value or 1.0) < 0.02
    for name in ("norm-cosine", "equal-fields", "shared-tokens", "raw-cosine"):
        assert found[name].says.startswith("tells nothing: "), name


def test_a_copy_stands_out_where_a_number_can_tell_anything() -> None:
    found = _by_id(compare(str(PARENT), str(SAMPLES / "llama-style-finetune")))
    assert found["raw-cosine"].says.startswith("above all of ")
    assert "no p-value" in found["raw-cosine"].says
    assert found["relative-difference"].says.startswith("below all of ")
    assert found["equal-fields"].says.startswith("tells nothing: ")


def test_every_control_says_whether_it_was_measured_or_published() -> None:
    numbers = {number.number_id for number in NUMBERS}
    assert set(shipped_controls()) == numbers
    controls = [control for found in shipped_controls().values() for control in found]
    assert {control.kind for control in controls} == {"zoo", "published"}
    for control in controls:
        assert control.low <= control.high
        assert control.source is not None
        assert control.source.startswith("https://" if control.kind == "published" else "python -m ")


def test_the_terminal_prints_them_where_they_are_asked_for(strangers: Report) -> None:
    text = text_of(strangers, ("controls",))
    assert "Numbers that people quote" in text
    for number in NUMBERS:
        assert number.number_id in text
    assert "Numbers that people quote" not in text_of(strangers)
