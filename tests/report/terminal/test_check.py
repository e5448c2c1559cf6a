import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from lineage_audit.report import render
from lineage_audit.report.terminal.check import (
    LEVEL_COLOURS,
    OUTCOME_COLOURS,
    render_check_details,
    render_check_terminal,
)
from lineage_audit.report.wording.check import OUTCOME_MEANINGS, OUTCOME_WORDS
from tests.report.checks import CHECKS, FAILED, INCONCLUSIVE, NOT_CHECKED, PASSED, UNDECLARED
from tests.report.printing import coloured, in_ascii, plain

PRINTERS = [render_check_terminal, render_check_details]


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("width", [80, 100])
def test_first_screen(name, width, golden):
    golden(f"check-{name}.{width}.txt", plain(render_check_terminal, CHECKS[name], width=width))


@pytest.mark.parametrize("name", CHECKS)
def test_details(name, golden):
    golden(f"check-{name}.details.txt", plain(render_check_details, CHECKS[name], width=100))


@pytest.mark.parametrize("name", CHECKS)
def test_the_outcome_is_a_word_within_the_first_lines(name):
    report = CHECKS[name]
    first_lines = plain(render_check_terminal, report, width=100).splitlines()[:14]
    assert any(OUTCOME_WORDS[report.outcome] in line for line in first_lines)


def test_a_finding_shows_rule_place_message_evidence_and_fix():
    written = " ".join(plain(render_check_terminal, FAILED, width=100).split())
    assert f"error {UNDECLARED.rule_id} undeclared-base README.md:2" in written
    for sentence in (UNDECLARED.message, UNDECLARED.fix):
        assert sentence in written
    assert "README.md names no base_model." in written


def test_inconclusive_does_not_look_like_a_pass():
    assert len(set(OUTCOME_COLOURS.values())) == len(OUTCOME_COLOURS) == len(OUTCOME_WORDS)
    assert len(set(LEVEL_COLOURS.values())) == len(LEVEL_COLOURS)
    written = plain(render_check_terminal, INCONCLUSIVE, width=100)
    assert "PASS" not in written
    assert OUTCOME_MEANINGS["inconclusive"] in written
    assert "Not checked: meadow-ai/gone: the repository does not exist or is private" in written


def test_a_check_that_had_nothing_to_check_says_nowhere_that_it_passed():
    for format_name in ("terminal", "markdown", "html", "json", "junit"):
        written = re.sub(r"not-passed-on|not passed on|never a pass", "", render(NOT_CHECKED, format_name))
        assert not re.search(r"\bpass(?:ed)?\b", written, re.IGNORECASE), format_name
    assert OUTCOME_WORDS["not-checked"] in plain(render_check_terminal, NOT_CHECKED, width=100)


def test_findings_that_count_stand_before_suppressed_ones():
    written = plain(render_check_terminal, FAILED, width=100)
    assert written.index("warning LA203") < written.index("suppressed LA201")
    assert "allow-list until 2027-01-31: A separate agreement with the publisher." in written


def test_what_is_left_out_is_counted_and_stands_in_the_details():
    findings = tuple(
        replace(UNDECLARED, message=f"Finding number {number}.", evidence=tuple(f"Line {n}." for n in range(7)))
        for number in range(12)
    )
    many = replace(FAILED, findings=findings, caveats=tuple(f"Caveat {number}." for number in range(6)))
    first_screen = plain(render_check_terminal, many, width=100)
    assert "and 4 more findings in the details" in first_screen
    assert "and 3 more in the details" in first_screen
    assert "and 2 more caveats in the details" in first_screen
    details = plain(render_check_details, many, width=100)
    assert "Finding number 11." in details
    assert details.count("Line 6.") == 12
    assert "Caveat 5." in details


@pytest.mark.parametrize("printer", PRINTERS)
def test_colour_is_there_on_a_terminal_and_gone_with_no_color(printer):
    colour = re.compile(r"\x1b\[[\d;]*?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[\d;]*m")
    assert colour.search(coloured(render_check_terminal, FAILED))
    assert not colour.search(coloured(printer, FAILED, NO_COLOR="1"))


@pytest.mark.parametrize("printer", PRINTERS)
@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_line_is_wider_than_the_console(printer, width):
    for report in CHECKS.values():
        assert max(map(cell_len, plain(printer, report, width=width).splitlines())) <= min(width, 100)


@pytest.mark.parametrize("printer", PRINTERS)
def test_odd_consoles_still_work(printer):
    assert plain(printer, FAILED, width=10)
    assert in_ascii(printer, PASSED).isascii()
