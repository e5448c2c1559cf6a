import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lineage_audit.report as report_room
from lineage_audit.report import FORMATS, INSPECTION_FORMATS, render, render_inspection
from lineage_audit.report.compare.terminal import render_terminal
from tests.report.printing import plain
from tests.report.samples import DERIVED, INSPECTION

ROOM = Path(report_room.__file__).parent
PRINTED = {"terminal.py", "terminal_tables.py", "terminal_page.py", "printed.py"}
OPTIONAL = {"cyclonedx.py": {"cyclonedx", "packageurl"}}


def test_every_format_ends_with_a_newline():
    for name in FORMATS:
        assert render(DERIVED, name).endswith("\n")
    for name in INSPECTION_FORMATS:
        assert render_inspection(INSPECTION, name).endswith("\n")


def test_terminal_text_is_plain_whatever_the_environment_says(monkeypatch):
    expected = plain(render_terminal, DERIVED, width=100)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("COLUMNS", "33")
    assert render(DERIVED, "terminal") == expected


def test_an_unknown_format_is_refused():
    with pytest.raises(KeyError):
        render(DERIVED, "pdf")


def test_the_room_imports_results_and_errors_and_nothing_else_of_the_project():
    for path in ROOM.rglob("*.py"):
        imported = set(_imports(path))
        project = {name for name in imported if name.startswith("lineage_audit")}
        allowed = ("lineage_audit.report", "lineage_audit.results", "lineage_audit.errors")
        assert all(name.startswith(allowed) for name in project)
        foreign = {name.split(".")[0] for name in imported} - sys.stdlib_module_names - {"lineage_audit"}
        printed = {"rich"} if path.name in PRINTED else set()
        assert foreign <= printed | OPTIONAL.get(path.name, set())


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_rich_is_loaded_only_to_print():
    program = "import sys, lineage_audit.report; sys.exit('rich' in sys.modules)"
    root = ROOM.parent.parent
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
