"""The list of formats: what it names is there, complete, lazy, and enough to choose a format from a file's name."""

import ast
import re
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

import lineage_audit.report as report_room
from lineage_audit.errors import LineageAuditError
from lineage_audit.report import FORMATS, format_of_file, formats, formats_of, render, suffixes_of
from lineage_audit.report.terminal.comparison import render_terminal
from lineage_audit.results import RESULTS, CheckReport, FamilyTree, Report
from tests.report.printing import plain
from tests.report.results import RESULTS as SAMPLES
from tests.report.results import text_formats
from tests.report.samples import DERIVED

ROOM = Path(report_room.__file__).parent
OPTIONAL = {
    "cyclonedx.py": {"cyclonedx", "packageurl"},
    "spdx.py": {"spdx_python_model"},
    "pdf.py": {"weasyprint"},
    "figures.py": {"cairosvg"},
}


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_writes_exactly_the_results_that_it_names(form):
    assert form.renderers().keys() == set(form.results)
    assert form.results
    assert set(form.results) <= set(RESULTS)


def test_names_and_suffixes_are_unique():
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    suffixes = [suffix for form in FORMATS for suffix in form.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)


def test_every_result_has_a_sample_and_ends_with_a_newline_in_every_format():
    assert {type(result) for result in SAMPLES} == set(RESULTS)
    for result in SAMPLES:
        for name in text_formats(type(result)):
            assert render(result, name).endswith("\n")


@pytest.mark.parametrize(
    ("kind", "file_name", "format_name"),
    [
        (CheckReport, "out/lineage.sarif", "sarif"),
        (CheckReport, "lineage.SARIF.JSON", "sarif"),
        (CheckReport, "model.cdx.json", "cyclonedx"),
        (CheckReport, "model.bom.json", "cyclonedx"),
        (CheckReport, "model.spdx.json", "spdx"),
        (CheckReport, "check.json", "json"),
        (CheckReport, "junit.xml", "junit"),
        (Report, "model.cdx.json", "json"),
        (Report, "R.JSON", "json"),
        (Report, "summary.md", "markdown"),
        (Report, "log.txt", "terminal"),
        (Report, "page.htm", "html"),
        (Report, "report.pdf", "pdf"),
        (Report, "tree.dot", None),
        (Report, "report.docx", None),
        (Report, "report", None),
        (FamilyTree, "tree.gv", "dot"),
        (FamilyTree, "tree.mmd", "mermaid"),
    ],
)
def test_a_file_name_says_its_format(kind, file_name, format_name):
    form = format_of_file(kind, file_name)
    assert (form.name if form else None) == format_name


@pytest.mark.parametrize("kind", RESULTS)
def test_a_first_suffix_leads_to_its_format(kind):
    for form, suffix in zip(formats_of(kind), suffixes_of(kind), strict=True):
        assert format_of_file(kind, f"a{suffix}") is form


def test_an_unknown_format_is_refused_and_the_known_ones_are_named():
    with pytest.raises(LineageAuditError, match=r"sarif.*is no format.*terminal, json, markdown"):
        render(DERIVED, "sarif")


def test_terminal_text_is_plain_whatever_the_environment_says(monkeypatch):
    expected = plain(render_terminal, DERIVED, width=100)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "33")
    assert render(DERIVED, "terminal") == expected


def test_the_room_imports_results_and_errors_and_nothing_else_of_the_project():
    for path in ROOM.rglob("*.py"):
        imported = set(_imports(path))
        project = {name for name in imported if name.startswith("lineage_audit")}
        base = ("errors", "results", "sizes", "whole_files")
        allowed = ("lineage_audit.report", *(f"lineage_audit.{module}" for module in base))
        assert all(name.startswith(allowed) for name in project)
        foreign = {name.split(".")[0] for name in imported} - sys.stdlib_module_names - {"lineage_audit"}
        printed = {"rich"} if path.parent.name == "terminal" else set()
        assert foreign <= printed | OPTIONAL.get(path.name, set())


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_what_a_format_needs_is_loaded_only_to_write_it():
    heavy = "{'rich', 'cyclonedx', 'packageurl', 'weasyprint', 'lineage_audit.report.html'}"
    program = f"import sys, lineage_audit.report; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOM.parent.parent, check=False).returncode == 0


def test_a_new_format_is_a_module_and_a_line_as_the_page_says(monkeypatch):
    recipe = (Path(__file__).parents[2] / "docs" / "adding.md").read_text(encoding="utf-8")
    code = textwrap.dedent(re.search(r"```text\n(.*?)```", recipe, re.DOTALL)[1])
    line = re.search(r"`(Format\(.*\))`", recipe)[1]
    module = types.ModuleType("lineage_audit.report.csv")
    exec("from __future__ import annotations\nfrom lineage_audit.results import Report\n" + code, module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(f"added = {line}", scope := {**vars(formats)})
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, scope["added"]))
    assert "csv" in {form.name for form in formats_of(Report)}
    assert format_of_file(Report, "report.csv").name == "csv"
    header, *rows = render(DERIVED, "csv").splitlines()
    assert header == "test,log10_p"
    assert len(rows) == len(DERIVED.evidence)
