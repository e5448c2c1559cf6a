"""Reports as one self-contained HTML file, and their figures as SVG files.

A page is built from typed calls that escape every string (`markup`); it fetches nothing and runs one script of its own
(`page`). Figures are drawn by code of this room (`figures`), in colours that suit light and dark (`palette`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.report.html.check import render_check_html
from lineage_audit.report.html.comparison import render_html
from lineage_audit.report.html.figures import (
    Figure,
    check_figures,
    compare_figures,
    family_tree,
    merge_figure,
    standalone,
)
from lineage_audit.report.html.identification import render_identification_html
from lineage_audit.report.html.tree import ANSWER, render_tree_html
from lineage_audit.report.html.unmixing import answer_of, render_unmix_html
from lineage_audit.results import CheckReport, FamilyTree, Report, Unmixing

__all__ = [
    "figure_files",
    "render_check_html",
    "render_html",
    "render_identification_html",
    "render_tree_html",
    "render_unmix_html",
]


def figure_files(report: Report | CheckReport | Unmixing | FamilyTree) -> dict[str, str]:
    """The figures of a report: file name -> SVG text. Names hold lower-case letters, digits and hyphens alone."""
    if isinstance(report, Report):
        return _files(compare_figures(report), report.verdict.relation)
    if isinstance(report, Unmixing):
        return _files([merge_figure(report)], answer_of(report))
    if isinstance(report, FamilyTree):
        return _files([family_tree(report)], ANSWER)
    return _files(check_figures(report), report.outcome)


def _files(figures: Sequence[Figure | None], answer: str) -> dict[str, str]:
    return {f"{figure.name}.svg": standalone(figure, answer) for figure in figures if figure}
