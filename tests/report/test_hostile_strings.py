"""No string of a model repository reaches a reader raw, in any format."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lineage_audit.report import render
from lineage_audit.report.escaping import is_visible
from lineage_audit.report.terminal.comparison import render_terminal
from lineage_audit.report.terminal.comparison_tables import render_details
from lineage_audit.report.terminal.inspection import render_inspection_terminal
from lineage_audit.results import Inspection, Report
from tests.report.hostile import NASTY, with_every_string
from tests.report.printing import coloured, in_ascii, plain
from tests.report.results import text_formats
from tests.report.samples import INDEPENDENT, INSPECTION, UPSCALED


def assert_shows_as_itself(text):
    hidden = {character for character in text if character != "\n" and not is_visible(character)}
    assert not hidden
    text.encode("utf-8")


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("format_name", text_formats(Report))
def test_a_report_shows_as_itself(format_name, text):
    assert_shows_as_itself(render(with_every_string(INDEPENDENT, text), format_name))


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("format_name", text_formats(Inspection))
def test_an_inspection_shows_as_itself(format_name, text):
    assert_shows_as_itself(render(with_every_string(INSPECTION, text), format_name))


@pytest.mark.parametrize("text", NASTY)
def test_details_show_as_themselves_and_keep_to_the_width(text):
    written = plain(render_details, with_every_string(UPSCALED, text), width=80)
    assert_shows_as_itself(written)
    assert max(map(cell_len, written.splitlines())) <= 80


@pytest.mark.parametrize("printer", [render_terminal, render_details])
def test_markup_is_words(printer):
    written = coloured(printer, with_every_string(INDEPENDENT, "[red]word[/red] :smile:"), NO_COLOR="1")
    assert "[red]word[/red]" in written
    assert ":smile:" in written


def test_a_terminal_gets_no_foreign_escapes():
    quiet = coloured(render_terminal, with_every_string(INDEPENDENT, "31mred"))
    loud = coloured(render_terminal, with_every_string(INDEPENDENT, "\x1b[31mred"))
    assert "\x1b[31mred" not in loud
    assert "\\x1b[31mred" in loud
    assert loud.count("\x1b]") == quiet.count("\x1b]") == 0


@given(st.text(min_size=1))
def test_any_text_can_be_rendered(text):
    hostile = with_every_string(INDEPENDENT, text)
    for format_name in text_formats(Report):
        assert_shows_as_itself(render(hostile, format_name))
    assert in_ascii(render_terminal, hostile).isascii()
    assert in_ascii(render_details, hostile).isascii()
    inspection = with_every_string(INSPECTION, text)
    for format_name in text_formats(Inspection):
        assert_shows_as_itself(render(inspection, format_name))
    assert in_ascii(render_inspection_terminal, inspection).isascii()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_keeps_every_text_that_utf8_can_hold(text):
    assert json.loads(render(with_every_string(INDEPENDENT, text), "json"))["a"]["ref"] == text
