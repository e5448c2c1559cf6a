"""What holds for every format of a check: registered, ended by a newline, and safe to show."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage_audit.report import (
    CHECK_FORMATS,
    CHECK_SUFFIXES,
    check_format_for,
    render_check,
    render_check_detailed,
)
from lineage_audit.report.check.terminal import render_check_details, render_check_terminal
from lineage_audit.report.escaping import is_visible
from tests.report.check.hostile import with_every_string
from tests.report.check.samples import CHECKS, FAILED, INCONCLUSIVE
from tests.report.hostile import NASTY
from tests.report.printing import coloured, in_ascii, plain

LIGHT = [name for name in CHECK_FORMATS if name != "cyclonedx"]


def assert_shows_as_itself(text):
    assert not {character for character in text if character != "\n" and not is_visible(character)}
    text.encode("utf-8")


@pytest.mark.parametrize("format_name", CHECK_FORMATS)
def test_every_format_ends_with_a_newline(format_name):
    for report in CHECKS.values():
        assert render_check(report, format_name).endswith("\n")


@pytest.mark.parametrize("format_name", CHECK_FORMATS)
@pytest.mark.parametrize("text", NASTY)
def test_a_check_shows_as_itself(format_name, text):
    for report in (FAILED, INCONCLUSIVE):
        assert_shows_as_itself(render_check_detailed(with_every_string(report, text), format_name))


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1))
def test_any_text_can_be_rendered(text):
    hostile = with_every_string(FAILED, text)
    for format_name in LIGHT:
        assert_shows_as_itself(render_check(hostile, format_name))
    assert in_ascii(render_check_terminal, hostile).isascii()
    assert in_ascii(render_check_details, hostile).isascii()


def test_a_terminal_gets_no_foreign_escapes_and_no_markup():
    loud = coloured(render_check_terminal, with_every_string(FAILED, "\x1b[31m[red]word[/red] :smile:"))
    assert "\x1b[31m[" not in loud
    assert "\\x1b[31m[red]word[/red]" in loud
    assert ":smile:" in loud


def test_terminal_text_is_plain_and_details_come_on_request(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render_check(FAILED, "terminal") == plain(render_check_terminal, FAILED, width=100)
    detailed = render_check_detailed(FAILED, "terminal")
    assert detailed.startswith(render_check(FAILED, "terminal"))
    assert "Claims of the subject" in detailed


@pytest.mark.parametrize(
    ("file_name", "format_name"),
    [
        ("out/lineage.sarif", "sarif"),
        ("lineage.SARIF.JSON", "sarif"),
        ("model.cdx.json", "cyclonedx"),
        ("model.bom.json", "cyclonedx"),
        ("check.json", "json"),
        ("junit.xml", "junit"),
        ("summary.md", "markdown"),
        ("log.txt", "terminal"),
        ("page.html", "html"),
        ("page.htm", None),
    ],
)
def test_a_file_name_says_its_format(file_name, format_name):
    assert check_format_for(file_name) == format_name


def test_every_format_has_a_file_name():
    assert set(CHECK_SUFFIXES.values()) == CHECK_FORMATS.keys()


def test_an_unknown_format_is_refused():
    with pytest.raises(KeyError):
        render_check(FAILED, "pdf")


def test_heavy_libraries_wait_until_they_are_needed():
    program = "import sys, lineage_audit.report; sys.exit(bool({'rich', 'cyclonedx', 'packageurl'} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
