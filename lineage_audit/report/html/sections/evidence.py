"""What the verdict rests on: the statistics on their nulls, the layers, and every test as a row of a table."""

from __future__ import annotations

from lineage_audit.report.html.figures import inline, layer_map, null_figures, role_map
from lineage_audit.report.html.markup import Markup, element, joined
from lineage_audit.report.html.names import name, sentence
from lineage_audit.report.html.page import Section, folded
from lineage_audit.report.html.tables import Column, Value, number_columns, table
from lineage_audit.report.numbers import MISSING, coefficient, detection_limit, logarithm, quantity, share
from lineage_audit.report.wording import status_word
from lineage_audit.results import Evidence, Report

_NULL_LEAD = (
    "The grey hill is where two independently trained models fall, by each test's own null; the line is what was "
    "observed. In the shaded region one test alone makes two models related."
)
_LAYER_LEAD = "Unrelated layers stay blank: their correlations lie below a few hundredths."
_TEST_LEAD = (
    "An exact test holds for every pair of independent trainings. A calibrated one carries a verdict only with a wide "
    "margin, or only describes."
)


def nulls(report: Report) -> Section:
    """Each test's statistic on its null."""
    figures = element("div", map(inline, null_figures(report)), class_="figures") if null_figures(report) else None
    return Section("null", "Observed, and what chance gives", _NULL_LEAD, joined(figures))


def layers(report: Report) -> Section:
    """Layer by layer, and role by role."""
    shown = [figure for figure in (layer_map(report.weights), role_map(report.weights)) if figure]
    figures = element("div", map(inline, shown), class_="figures") if shown else None
    return Section("layers", "Layer by layer", _LAYER_LEAD, joined(figures))


def tests(report: Report) -> Section:
    """Every test, measured or not."""
    columns = (
        Column("Test"),
        Column("Status"),
        *number_columns("log10 p ≤", "Statistic", "Effect", "Count", "Coverage", "Limit"),
        Column("Finding", is_wide=True),
    )
    body = table("Every test and what it gave", columns, map(_test_row, report.evidence))
    asked = folded("What each test asks, and under which null", _questions(report))
    return Section("tests", "All tests", _TEST_LEAD, joined(body, asked))


def _test_row(test: Evidence) -> tuple[Markup | Value | str, ...]:
    if test.status != "measured":
        unmeasured = [Value(MISSING, None)] * 6
        return (name(test.test_id), status_word(test), *unmeasured, sentence(test.reason))
    return (
        name(test.test_id),
        status_word(test),
        Value(logarithm(test.log10_p), test.log10_p),
        Value(quantity(test.statistic), test.statistic),
        Value(coefficient(test.effect), test.effect),
        Value(f"{test.count:,}", test.count),
        Value(share(test.coverage), test.coverage),
        Value(detection_limit(test.detection_limit), test.detection_limit),
        sentence(test.finding),
    )


def _questions(report: Report) -> Markup:
    columns = (Column("Test"), Column("Question", is_wide=True), Column("Null and bound", is_wide=True))
    rows = ((name(test.test_id), sentence(test.question), sentence(test.null)) for test in report.evidence)
    return table("What each test asks", columns, rows)
