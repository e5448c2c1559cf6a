"""The renderer: a finished report in, text out. It knows the result types and nothing else.

Each command has a folder, each of its formats a file there and an entry in the table of its ``__init__.py``; html/ is
the page that all of them share. The terminal's modules, and rich with them, are loaded when something is printed.
"""

from __future__ import annotations

from lineage_audit.report.check import (
    CHECK_FORMATS,
    CHECK_SUFFIXES,
    check_format_for,
    render_check,
    render_check_detailed,
    require_check_format,
)
from lineage_audit.report.compare import FORMATS, render, render_detailed
from lineage_audit.report.identify import IDENTIFICATION_FORMATS, render_identification
from lineage_audit.report.inspect import INSPECTION_FORMATS, render_inspection
from lineage_audit.results import CheckReport, FamilyTree, Report, Unmixing

__all__ = [
    "CHECK_FORMATS",
    "CHECK_SUFFIXES",
    "FORMATS",
    "IDENTIFICATION_FORMATS",
    "INSPECTION_FORMATS",
    "check_format_for",
    "figure_files",
    "render",
    "render_check",
    "render_check_detailed",
    "render_detailed",
    "render_identification",
    "render_inspection",
    "require_check_format",
]


def figure_files(report: Report | CheckReport | Unmixing | FamilyTree) -> dict[str, str]:
    """The figures of a report as SVG files: file name, which cannot leave a folder, -> text."""
    from lineage_audit.report.html import figure_files as files_of

    return files_of(report)
