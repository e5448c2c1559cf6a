"""Every figure of a report, in the order of its page: one file a figure, drawn as SVG by code of this room alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import log10
from typing import Any

from lineage_audit.report.html.figures.colours import stylesheet
from lineage_audit.report.html.figures.drawing import Figure, inline, standalone
from lineage_audit.report.html.figures.family_tree import family_tree
from lineage_audit.report.html.figures.layer_map import layer_map
from lineage_audit.report.html.figures.merge_weights import merge_figure
from lineage_audit.report.html.figures.null import null_figure
from lineage_audit.report.html.figures.quoted import controls_figure, deviation_figure, difference_figure
from lineage_audit.report.html.figures.recipe import recipe_figure
from lineage_audit.report.html.figures.references import references_figure
from lineage_audit.report.html.figures.role_map import role_map
from lineage_audit.report.html.figures.spectrum import spectrum_figure
from lineage_audit.results import CheckReport, Evidence, FamilyTree, Report, Result, Unmixing

__all__ = [
    "Figure",
    "compare_figures",
    "family_tree",
    "figures_of",
    "inline",
    "layer_map",
    "merge_figure",
    "null_figures",
    "quoted_figures",
    "recipe_figure",
    "references_figure",
    "role_map",
    "spectrum_figures",
    "standalone",
    "stylesheet",
]


def compare_figures(report: Report) -> list[Figure]:
    """The figures of a comparison."""
    weights = report.weights
    single = (layer_map(weights), role_map(weights), recipe_figure(weights.stages))
    drawn = (*null_figures(report), *single, *spectrum_figures(report), *quoted_figures(report))
    found = [figure for figure in drawn if figure]
    return list({figure.name: figure for figure in found}.values())


def figures_of(result: Result) -> list[Figure]:
    """The figures of any result; none where it has none."""
    return list(filter(None, _FIGURES[type(result)](result) if type(result) in _FIGURES else ()))


def _check_figures(report: CheckReport) -> list[Figure]:
    """The figures of a check."""
    figure = references_figure(report.references)
    return [figure] if figure else []


def null_figures(report: Report) -> list[Figure]:
    """The statistic of every test that has a null with a known spread, on that null; the strongest first."""
    level = _level(report)
    strongest_first = sorted(report.evidence, key=lambda test: 0.0 if test.log10_p is None else test.log10_p)
    figures = (null_figure(test, level if test.grade == "exact" else None) for test in strongest_first)
    return list({figure.name: figure for figure in figures if figure}.values())


def quoted_figures(report: Report) -> list[Figure]:
    """What people draw and quote of two models, beside what unrelated ones give."""
    figures = (difference_figure(report.quoted), deviation_figure(report.quoted), controls_figure(report.controls))
    return [figure for figure in figures if figure]


def spectrum_figures(report: Report) -> list[Figure]:
    """The spectra behind operations of low rank."""
    figures = (spectrum_figure(operation) for operation in report.verdict.operations)
    return [figure for figure in figures if figure]


def _level(report: Report) -> float:
    """log10 p from which one exact test alone makes the models related, corrected for how many were made."""
    stated = report.parameters.get("related_log10_p")
    related = float(stated) if isinstance(stated, (int, float)) and stated < 0 else -6.0
    return related - log10(max(1, sum(_counts(test) for test in report.evidence)))


def _counts(test: Evidence) -> bool:
    return test.grade == "exact" and test.log10_p is not None


_FIGURES: Mapping[type, Callable[[Any], Iterable[Figure | None]]] = {
    Report: compare_figures,
    CheckReport: _check_figures,
    Unmixing: lambda unmixing: [merge_figure(unmixing)],
    FamilyTree: lambda tree: [family_tree(tree)],
}
