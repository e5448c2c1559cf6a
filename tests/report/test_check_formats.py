"""What holds for every format of a check: registered, ended by a newline, and safe to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.report import render
from lineage_audit.report.escaping import is_visible
from lineage_audit.report.terminal import text_of
from lineage_audit.report.terminal.check import render_check_details, render_check_terminal
from lineage_audit.results import CheckReport
from tests.report.checks import FAILED, INCONCLUSIVE
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string
from tests.report.printing import coloured, in_ascii, plain
from tests.report.results import text_formats, texts_written_here

FORMATS = texts_written_here(CheckReport)
LIGHT = text_formats(CheckReport)


def assert_shows_as_itself(text):
    assert not {character for character in text if character != "\n" and not is_visible(character)}
    text.encode("utf-8")


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("text", NASTY)
def test_a_check_shows_as_itself(format_name, text):
    for report in (FAILED, INCONCLUSIVE):
        assert_shows_as_itself(render(with_every_string(report, text), format_name))


@given(st.text(min_size=1))
def test_any_text_can_be_rendered(text):
    hostile = with_every_string(FAILED, text)
    for format_name in LIGHT:
        assert_shows_as_itself(render(hostile, format_name))
    assert in_ascii(render_check_terminal, hostile).isascii()
    assert in_ascii(render_check_details, hostile).isascii()


def test_a_terminal_gets_no_foreign_escapes_and_no_markup():
    loud = coloured(render_check_terminal, with_every_string(FAILED, "\x1b[31m[red]word[/red] :smile:"))
    assert "\x1b[31m[" not in loud
    assert "\\x1b[31m[red]word[/red]" in loud
    assert ":smile:" in loud


def test_terminal_text_is_plain_and_details_come_on_request(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render(FAILED, "terminal") == plain(render_check_terminal, FAILED, width=100)
    detailed = text_of(FAILED, ("details",))
    assert detailed.startswith(render(FAILED, "terminal"))
    assert "Claims of the subject" in detailed
