"""The renderer: a finished report in, text out. It knows the result types and nothing else.

Each format is one file and one entry in a table here. The terminal's modules, and rich with them, are
loaded when something is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import StringIO

from lineage_audit.report.check_cyclonedx import render_check_cyclonedx, require_library
from lineage_audit.report.check_json import render_check_json
from lineage_audit.report.check_junit import render_check_junit
from lineage_audit.report.check_markdown import render_check_markdown
from lineage_audit.report.check_sarif import render_check_sarif
from lineage_audit.report.identify_json import render_identification_json
from lineage_audit.report.identify_markdown import render_identification_markdown
from lineage_audit.report.json_document import render_inspection_json, render_json
from lineage_audit.report.markdown import render_markdown
from lineage_audit.results import CheckReport, FamilyTree, Identification, Inspection, Report, Unmixing

PLAIN_WIDTH = 100

_Result = Report | Inspection | CheckReport | Identification


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


def render_inspection(inspection: Inspection, format_name: str) -> str:
    """An inspection as text in one of `INSPECTION_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return INSPECTION_FORMATS[format_name](inspection)


def render_identification(identification: Identification, format_name: str) -> str:
    """An identification as text in one of `IDENTIFICATION_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return IDENTIFICATION_FORMATS[format_name](identification)


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
    return _plain_check_terminal_in_detail(report) if format_name == "terminal" else render_check(report, format_name)


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


def figure_files(report: Report | CheckReport | Unmixing | FamilyTree) -> dict[str, str]:
    """The figures of a report as SVG files: file name, which cannot leave a folder, -> text."""
    from lineage_audit.report.html import figure_files as files_of

    return files_of(report)


def _html(report: Report) -> str:
    from lineage_audit.report.html import render_html

    return render_html(report)


def _identification_html(identification: Identification) -> str:
    from lineage_audit.report.html import render_identification_html

    return render_identification_html(identification)


def _check_html(report: CheckReport) -> str:
    from lineage_audit.report.html import render_check_html

    return render_check_html(report)


def _plain_terminal(report: Report) -> str:
    from lineage_audit.report.terminal import render_terminal

    return _printed(report, render_terminal)


def _plain_terminal_in_detail(report: Report) -> str:
    from lineage_audit.report.terminal import render_terminal
    from lineage_audit.report.terminal_tables import render_details

    return _printed(report, render_terminal, render_details)


def _plain_inspection_terminal(report: Inspection) -> str:
    from lineage_audit.report.inspection_terminal import render_inspection_terminal

    return _printed(report, render_inspection_terminal)


def _plain_identification_terminal(identification: Identification) -> str:
    from lineage_audit.report.identify_terminal import render_identification_terminal

    return _printed(identification, render_identification_terminal)


def _plain_check_terminal(report: CheckReport) -> str:
    from lineage_audit.report.check_terminal import render_check_terminal

    return _printed(report, render_check_terminal)


def _plain_check_terminal_in_detail(report: CheckReport) -> str:
    from lineage_audit.report.check_terminal import render_check_details, render_check_terminal

    return _printed(report, render_check_terminal, render_check_details)


def _printed(result: _Result, *renderers: Callable[..., None]) -> str:
    """What renderers print to a console without colour or terminal, whatever the environment says."""
    from rich.console import Console

    written = StringIO()
    console = Console(file=written, width=PLAIN_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    for render_on in renderers:
        render_on(result, console=console)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "terminal": _plain_terminal,
    "json": render_json,
    "markdown": render_markdown,
    "html": _html,
}

INSPECTION_FORMATS: Mapping[str, Callable[[Inspection], str]] = {
    "terminal": _plain_inspection_terminal,
    "json": render_inspection_json,
}

IDENTIFICATION_FORMATS: Mapping[str, Callable[[Identification], str]] = {
    "terminal": _plain_identification_terminal,
    "json": render_identification_json,
    "markdown": render_identification_markdown,
    "html": _identification_html,
}

CHECK_FORMATS: Mapping[str, Callable[[CheckReport], str]] = {
    "terminal": _plain_check_terminal,
    "json": render_check_json,
    "sarif": render_check_sarif,
    "junit": render_check_junit,
    "markdown": render_check_markdown,
    "html": _check_html,
    "cyclonedx": render_check_cyclonedx,
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
    ".txt": "terminal",
}
"""What a file's name ends in -> the format of a check; the longer ending stands before the shorter."""
