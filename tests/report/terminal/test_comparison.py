import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from lineage_audit.report.terminal.comparison import render_terminal
from lineage_audit.report.terminal.comparison_tables import render_details
from lineage_audit.report.terminal.page import RELATION_COLOURS
from lineage_audit.report.wording import RELATION_WORDS
from tests.report.printing import coloured, in_ascii, plain
from tests.report.samples import DERIVED, INDEPENDENT, REPORTS, UPSCALED

COLOUR = re.compile(r"\x1b\[[\d;]*?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[\d;]*m")


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [80, 100])
def test_first_screen(name, width, golden):
    golden(f"{name}.{width}.txt", plain(render_terminal, REPORTS[name], width=width))


@pytest.mark.parametrize("name", ["derived", "independent", "inconclusive"])
@pytest.mark.parametrize("width", [80, 100])
def test_details(name, width, golden):
    golden(f"{name}.details.{width}.txt", plain(render_details, REPORTS[name], width=width))


@pytest.mark.parametrize("name", REPORTS)
def test_the_answer_fits_one_screen(name):
    assert plain(render_terminal, REPORTS[name], width=100).count("\n") <= 40


@pytest.mark.parametrize("name", REPORTS)
def test_the_relation_is_a_word_and_not_a_colour_alone(name):
    report = REPORTS[name]
    assert RELATION_WORDS[report.verdict.relation] in plain(render_terminal, report, width=80)


def test_every_relation_has_its_own_colour():
    assert RELATION_COLOURS.keys() == RELATION_WORDS.keys()
    assert len(set(RELATION_COLOURS.values())) == len(RELATION_COLOURS)


def test_inconclusive_does_not_look_like_a_pass():
    assert RELATION_COLOURS["inconclusive"] != RELATION_COLOURS["independent"]
    assert "not a pass" in plain(render_terminal, REPORTS["inconclusive"], width=100)


@pytest.mark.parametrize("printer", [render_terminal, render_details])
def test_colour_is_there_on_a_terminal_and_gone_with_no_color(printer):
    assert COLOUR.search(coloured(render_terminal, DERIVED))
    assert not COLOUR.search(coloured(printer, DERIVED, NO_COLOR="1"))
    assert "\x1b" not in plain(printer, DERIVED, width=100)


def test_a_console_without_unicode_gets_ascii():
    first_screen = in_ascii(render_terminal, UPSCALED)
    assert b"p <= 10^-15943" in first_screen
    assert b"* The direction rests" in first_screen
    assert b"+- " in first_screen
    assert b"log10 p <=" in in_ascii(render_details, UPSCALED)


def test_the_strip_has_letters_where_blocks_cannot_be_shown():
    assert b"0 ##################+++++++++++++++++++++++++++++?" in in_ascii(render_terminal, UPSCALED)


@pytest.mark.parametrize("printer", [render_terminal, render_details])
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_console(printer, width):
    for report in (DERIVED, INDEPENDENT, UPSCALED):
        written = plain(printer, report, width=width)
        assert max(map(cell_len, written.splitlines())) <= min(width, 100)


@pytest.mark.parametrize("printer", [render_terminal, render_details])
@pytest.mark.parametrize("width", [1, 10, 30])
def test_a_console_too_narrow_to_read_still_works(printer, width):
    assert plain(printer, DERIVED, width=width)


def test_what_is_left_out_is_counted():
    verdict = replace(
        DERIVED.verdict,
        operations=DERIVED.verdict.operations * 9,
        caveats=tuple(f"Caveat number {number}." for number in range(7)),
    )
    many = replace(DERIVED, verdict=verdict)
    first_screen = plain(render_terminal, many, width=100)
    assert "and 4 more operations in the details" in first_screen
    assert "and 3 more caveats in the details" in first_screen
    assert "Caveat number 6." in plain(render_details, many, width=100)


def test_the_direction_is_told_only_of_related_models():
    assert "Direction        fits A → B" in plain(render_terminal, DERIVED, width=100)
    assert "Direction" not in plain(render_terminal, INDEPENDENT, width=100)
