"""What a person can ask of any result: one line, a first screen, documents, files, rows."""

import io

import pytest
from rich.console import Console

from lineage_audit import LineageAuditError
from lineage_audit.report import render
from lineage_audit.report.wording.sentences import first_sentence
from tests.report.hostile import with_every_string
from tests.report.results import ONE_OF_EACH

each = pytest.mark.parametrize("result", ONE_OF_EACH, ids=lambda result: type(result).__name__)


@each
def test_a_result_is_one_printable_line(result):
    shown = repr(result)
    assert shown == f"<{type(result).__name__}: {first_sentence(result)}>"
    assert len(shown) < 600
    assert repr(with_every_string(result, "\x1b[31m\nred")).isprintable()


@each
def test_a_notebook_gets_the_first_screen_with_its_style_kept_to_itself(result):
    html = result._repr_html_()
    assert html.startswith("<style>.lineage-audit {")
    assert "<script" not in html
    assert "<h1>" in html


@each
def test_rich_prints_the_first_screen(result):
    written = io.StringIO()
    Console(file=written, width=100, color_system=None, force_terminal=False).print(result)
    assert [line.rstrip() for line in written.getvalue().splitlines()] == render(result, "terminal").splitlines()


@each
def test_documents_are_those_of_the_command_line(result, tmp_path):
    assert result.to_json() == render(result, "json")
    assert result.to_markdown() == render(result, "markdown")
    assert result.to_html() == render(result, "html")
    assert result.to_dict()["schema"].startswith("lineage-audit/")
    result.save(tmp_path / "a.md")
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == result.to_markdown()
    result.save(str(tmp_path / "a.html"))
    with pytest.raises(LineageAuditError, match="suffix names no format"):
        result.save(tmp_path / "a.docx")


@each
def test_rows_are_flat_and_alike(result):
    rows = result.to_rows()
    assert all(row.keys() == rows[0].keys() for row in rows)
    assert all(isinstance(value, (str, int, float, bool, list, type(None))) for row in rows for value in row.values())
    with pytest.raises(LineageAuditError, match="is no table of this result"):
        result.to_rows("nonsense")


def test_layers_and_tests_of_a_comparison_are_rows():
    report = ONE_OF_EACH[0]
    assert [row["b"] for row in report.to_rows("layers")] == [layer.b for layer in report.weights.layers]
    assert [row["test_id"] for row in report.to_rows("tests")] == [test.test_id for test in report.evidence]
