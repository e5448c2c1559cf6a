import re

import pytest

from lineage_audit.report.markdown.check import render_check_markdown
from tests.report.checks import CHECKS, FAILED, INCONCLUSIVE
from tests.report.hostile import NASTY
from tests.report.hostile_checks import with_every_string


@pytest.mark.parametrize("name", CHECKS)
def test_check(name, golden):
    golden(f"check-{name}.md", render_check_markdown(CHECKS[name]))


def test_the_answer_stands_first():
    assert render_check_markdown(FAILED).startswith("## FAIL: ")
    assert render_check_markdown(INCONCLUSIVE).startswith("## INCONCLUSIVE: not everything could be checked")


def structure(text):
    """What opens each line: headings, items, table rows, tags; the words themselves left out."""
    marks = ("## ", "### ", "  - ", "- ", "| ", "<details>", "</details>", "<summary>", "<sub>", "**")
    return [next((mark for mark in marks if line.startswith(mark)), "") for line in text.split("\n")]


@pytest.mark.parametrize("text", NASTY)
def test_no_text_opens_a_block_a_cell_or_a_tag(text):
    hostile = render_check_markdown(with_every_string(FAILED, text))
    assert structure(hostile) == structure(render_check_markdown(with_every_string(FAILED, "word")))
    outside_code = re.sub(r"`[^`\n]*`", "", hostile)
    for raw in ("<script", "<img", "@somebody", "https://evil", "![", "**bold**", "<b>"):
        assert raw not in outside_code


def test_rows_keep_their_cells():
    for line in render_check_markdown(with_every_string(FAILED, "a | b \\| c")).split("\n"):
        if line.startswith("| "):
            assert line.count("|") in {3, 4, 9}
