"""The formats of a check, one file each, by name and by what a file's name ends in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.check.cyclonedx import render_check_cyclonedx, require_library
from lineage_audit.report.check.github import render_check_github
from lineage_audit.report.check.json_document import render_check_json
from lineage_audit.report.check.junit import render_check_junit
from lineage_audit.report.check.markdown import render_check_markdown
from lineage_audit.report.check.sarif import render_check_sarif
from lineage_audit.report.printed import printed
from lineage_audit.results import CheckReport


def render_check(report: CheckReport, format_name: str) -> str:
    """A check as text in one of `CHECK_FORMATS`.

    Raises:
        KeyError: there is no such format.
        LineageAuditError: the format needs an optional library that is not installed.
    """
    return CHECK_FORMATS[format_name](report)


def render_check_detailed(report: CheckReport, format_name: str) -> str:
    """The same with every table; formats other than the terminal's hold them anyway.

    Raises:
        KeyError: there is no such format.
        LineageAuditError: the format needs an optional library that is not installed.
    """
    return _plain_terminal_in_detail(report) if format_name == "terminal" else render_check(report, format_name)


def check_format_for(file_name: str) -> str | None:
    """The format of a check that a file's name ends in, or None: ``model.cdx.json`` is a bill of materials."""
    name = file_name.lower()
    return next((format_name for suffix, format_name in CHECK_SUFFIXES.items() if name.endswith(suffix)), None)


def require_check_format(format_name: str) -> None:
    """Make sure that a format can be written, before any model is read.

    Raises:
        LineageAuditError: the format needs an optional library that is not installed.
    """
    if format_name == "cyclonedx":
        require_library()


def _html(report: CheckReport) -> str:
    from lineage_audit.report.html import render_check_html

    return render_check_html(report)


def _plain_terminal(report: CheckReport) -> str:
    from lineage_audit.report.check.terminal import render_check_terminal

    return printed(report, render_check_terminal)


def _plain_terminal_in_detail(report: CheckReport) -> str:
    from lineage_audit.report.check.terminal import render_check_details, render_check_terminal

    return printed(report, render_check_terminal, render_check_details)


CHECK_FORMATS: Mapping[str, Callable[[CheckReport], str]] = {
    "terminal": _plain_terminal,
    "json": render_check_json,
    "sarif": render_check_sarif,
    "junit": render_check_junit,
    "markdown": render_check_markdown,
    "html": _html,
    "cyclonedx": render_check_cyclonedx,
    "github": render_check_github,
}

CHECK_SUFFIXES: Mapping[str, str] = {
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".cdx.json": "cyclonedx",
    ".bom.json": "cyclonedx",
    ".json": "json",
    ".xml": "junit",
    ".md": "markdown",
    ".html": "html",
    ".github.txt": "github",
    ".txt": "terminal",
}
"""What a file's name ends in -> the format of a check; the longer ending stands before the shorter."""
