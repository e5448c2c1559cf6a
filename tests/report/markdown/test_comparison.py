import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lineage_audit.report.markdown.comparison import render_markdown
from tests.report.hostile import NASTY, with_every_string
from tests.report.samples import DERIVED, INDEPENDENT, REPORTS

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
TAG = re.compile(r"<(?!!--)[^>]*>")


def tags(markdown):
    """The tags of a text as a host would render it: its structure without its words."""
    return TAG.findall(MARKDOWN.render(markdown))


@pytest.mark.parametrize("name", REPORTS)
def test_report(name, golden):
    golden(f"{name}.md", render_markdown(REPORTS[name]))


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("report", [DERIVED, INDEPENDENT], ids=["derived", "independent"])
def test_no_string_changes_the_structure(report, text):
    expected = tags(render_markdown(with_every_string(report, "word")))
    assert tags(render_markdown(with_every_string(report, text))) == expected


@given(st.text(st.characters(categories=["P", "S", "N", "Zs", "Cc"]), min_size=1).filter(lambda t: t.strip(" ")))
def test_no_punctuation_changes_the_structure(text):
    expected = tags(render_markdown(with_every_string(INDEPENDENT, "word")))
    assert tags(render_markdown(with_every_string(INDEPENDENT, text))) == expected


def test_many_differences_are_counted():
    fields = tuple(replace(INDEPENDENT.architecture.fields[-2], field=f"field_{number}") for number in range(15))
    many = replace(INDEPENDENT, architecture=replace(INDEPENDENT.architecture, fields=fields))
    assert "`field_9 4096 → 7168` and 5 more" in render_markdown(many)
