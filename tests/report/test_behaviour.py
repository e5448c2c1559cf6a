"""A behaviour result in every format: its words, its chance, and names that try to be more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lineage_audit.report import render
from lineage_audit.report.escaping import is_visible
from lineage_audit.report.terminal.behaviour import render_behaviour_details
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Behaviour
from tests.report.hostile import NASTY, with_every_string
from tests.report.html.samples import LEANING
from tests.report.printing import plain
from tests.report.results import text_formats

NONE = replace(LEANING, outcome="none", effect=0.08, p_value=3 / 7, weights=None)
UNTOLD = replace(
    LEANING, outcome="inconclusive", effect=None, low=None, high=None, p_value=None, detection_limit=None, controls=()
)
FORMATS = text_formats(Behaviour)


def _words(result: Behaviour, format_name: str) -> str:
    return " ".join(render(result, format_name).split())


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "html"])
def test_a_lean_is_said_with_its_chance_and_never_as_descent(format_name: str) -> None:
    words = _words(LEANING, format_name)
    assert "answers lean" in words.lower()
    assert "1/7" in words
    assert "0.71" in words
    assert "derived" not in words.lower().replace("shared-origin", "")


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "html"])
def test_where_nothing_was_seen_the_least_that_would_have_shown_stands(format_name: str) -> None:
    words = _words(NONE, format_name)
    assert "no lean seen" in words.lower()
    assert "an effect of 0.5" in words
    assert "3/7" in words
    assert "the least that so many controls allow is 1 in 7" in words


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "json"])
def test_what_was_not_measured_is_not_a_number(format_name: str) -> None:
    assert "nan" not in _words(UNTOLD, format_name).lower().split()


def test_the_sentence_of_what_could_not_be_told_is_no_pass() -> None:
    assert "no pass" in first_sentence(UNTOLD)


@pytest.mark.parametrize("format_name", ["terminal", "markdown", "html"])
def test_the_weights_stand_beside_and_move_nothing(format_name: str) -> None:
    assert "neither answer moves the other" in _words(LEANING, format_name)


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("format_name", FORMATS)
def test_names_that_try_to_be_more_show_as_themselves(format_name: str, text: str) -> None:
    written = render(with_every_string(LEANING, text), format_name)
    assert not {character for character in written if character != "\n" and not is_visible(character)}


@pytest.mark.parametrize("text", NASTY)
def test_details_show_as_themselves(text: str) -> None:
    written = plain(render_behaviour_details, with_every_string(LEANING, text), width=80)
    assert not {character for character in written if character != "\n" and not is_visible(character)}
