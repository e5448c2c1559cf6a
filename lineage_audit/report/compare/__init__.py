"""The formats of a comparison, one file each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.compare.json_document import render_json
from lineage_audit.report.compare.markdown import render_markdown
from lineage_audit.report.printed import printed
from lineage_audit.results import Report


def render(report: Report, format_name: str) -> str:
    """A comparison as text in one of `FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return FORMATS[format_name](report)


def render_detailed(report: Report, format_name: str) -> str:
    """The same with every table; formats other than the terminal's hold them anyway.

    Raises:
        KeyError: there is no such format.
    """
    return _plain_terminal_in_detail(report) if format_name == "terminal" else FORMATS[format_name](report)


def _html(report: Report) -> str:
    from lineage_audit.report.html import render_html

    return render_html(report)


def _plain_terminal(report: Report) -> str:
    from lineage_audit.report.compare.terminal import render_terminal

    return printed(report, render_terminal)


def _plain_terminal_in_detail(report: Report) -> str:
    from lineage_audit.report.compare.terminal import render_terminal
    from lineage_audit.report.compare.terminal_tables import render_details

    return printed(report, render_terminal, render_details)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "terminal": _plain_terminal,
    "json": render_json,
    "markdown": render_markdown,
    "html": _html,
}
