"""Results as one self-contained HTML file, and their figures as SVG files.

A page is built from typed calls that escape every string (`markup`); it fetches nothing and runs one script of its own
(`page`). Figures are drawn by code of this room (`figures`), in colours that suit light and dark (`palette`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lineage_audit.report.formats import Renderer
from lineage_audit.report.html.behaviour import behaviour_page
from lineage_audit.report.html.check import check_page
from lineage_audit.report.html.comparison import comparison_page
from lineage_audit.report.html.comparisons import comparisons_page
from lineage_audit.report.html.figures import figures_of, standalone
from lineage_audit.report.html.identification import identification_page
from lineage_audit.report.html.inspection import inspection_page
from lineage_audit.report.html.page import HtmlPage, fragment, summary, whole
from lineage_audit.report.html.sections.run import words
from lineage_audit.report.html.tree import tree_page
from lineage_audit.report.html.unmixing import unmixing_page
from lineage_audit.results import (
    RESULTS,
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Result,
    Unmixing,
)

__all__ = ["RENDERERS", "figure_files", "first_screen", "page_of", "summary_of"]

_PAGES: Mapping[type, Callable[[Any], HtmlPage]] = {
    Report: comparison_page,
    Comparisons: comparisons_page,
    CheckReport: check_page,
    Inspection: inspection_page,
    Identification: identification_page,
    FamilyTree: tree_page,
    Unmixing: unmixing_page,
    Behaviour: behaviour_page,
}


def page_of(result: Result) -> HtmlPage:
    """A result as a page that is not written yet."""
    page = _PAGES[type(result)](result)
    return replace(page, sections=(*page.sections, words(type(result))))


def to_html(result: Result) -> str:
    """A result as one HTML file that needs nothing else."""
    return whole(page_of(result))


def summary_of(result: Result) -> str:
    """What stands on the first sheet of a result's page, as an HTML file."""
    return summary(page_of(result))


def first_screen(result: Result) -> str:
    """The same as a part of another page, for notebooks."""
    return fragment(page_of(result))


def figure_files(result: Result) -> dict[str, str]:
    """The figures of a result: file name -> SVG text. Names hold lower-case letters, digits and hyphens alone."""
    answer = page_of(result).answer
    return {f"{figure.name}.svg": standalone(figure, answer) for figure in figures_of(result)}


RENDERERS: Mapping[type, Renderer] = dict.fromkeys(RESULTS, to_html)
