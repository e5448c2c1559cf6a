"""Reports as one self-contained HTML file, and their figures as SVG files.

A page is built from typed calls that escape every string (`markup`); it fetches nothing and runs one script of its own
(`page`). Figures are drawn by code of this room (`figures`), in colours that suit light and dark (`palette`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.report.html.check import render_check_html
from lineage_audit.report.html.comparison import render_html
from lineage_audit.report.html.figures import Figure, check_figures, compare_figures, standalone
from lineage_audit.results import CheckReport, Report

__all__ = ["figure_files", "render_check_html", "render_html"]


def figure_files(report: Report | CheckReport) -> dict[str, str]:
    """The figures of a report: file name -> SVG text. Names hold lower-case letters, digits and hyphens alone."""
    if isinstance(report, Report):
        return _files(compare_figures(report), report.verdict.relation)
    return _files(check_figures(report), report.outcome)


def _files(figures: Sequence[Figure], answer: str) -> dict[str, str]:
    return {f"{figure.name}.svg": standalone(figure, answer) for figure in figures}
