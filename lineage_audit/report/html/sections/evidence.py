"""What the verdict rests on: the statistics on their nulls, the layers, and every test as a row of a table."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.report.html.figures import inline, layer_map, null_figures, role_map
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.html.tables import Column, Value, number_columns, table
from lineage_audit.report.numbers import coefficient, detection_limit, logarithm, quantity, share
from lineage_audit.report.wording import status_word
from lineage_audit.results import Evidence, Report
from lineage_audit.sizes import plural

_NULL_LEAD = (
    "The grey hill is where two independently trained models fall, by each test's own null; the line is what was "
    "observed. In the shaded region one test alone makes two models related."
)
_SHOWN = 4
"""Null distributions that are open from the start, the strongest ones."""

_LAYER_LEAD = "Unrelated layers stay blank: their correlations lie below a few hundredths."
_TEST_LEAD = (
    "An exact test holds for every pair of independent trainings. A calibrated one carries a verdict only with a wide "
    "margin, or only describes."
)


def nulls(report: Report) -> PageSection:
    """Each test's statistic on its null."""
    figures = [inline(figure) for figure in null_figures(report)]
    others = folded(f"{plural(len(figures) - _SHOWN, 'more test')}", _side_by_side(figures[_SHOWN:]))
    body = joined(_side_by_side(figures[:_SHOWN]), others)
    return PageSection("null", "Observed, and what chance gives", _NULL_LEAD, body)


def layers(report: Report) -> PageSection:
    """Layer by layer, and role by role."""
    figures = [inline(figure) for figure in (layer_map(report.weights), role_map(report.weights)) if figure]
    return PageSection("layers", "Layer by layer", _LAYER_LEAD, _side_by_side(figures))


def _side_by_side(figures: Sequence[Markup]) -> Markup:
    return element("div", figures, class_="figures") if figures else Markup("")


def tests(report: Report) -> PageSection:
    """Every test, measured or not."""
    columns = (
        Column("Test"),
        Column("Status"),
        *number_columns("log10 p ≤", "Statistic", "Effect", "Count", "Coverage", "Limit"),
        Column("Finding", is_wide=True),
    )
    measured = [test for test in report.evidence if test.status == "measured"]
    body = table("Every test and what it gave", columns, map(_test_row, measured))
    asked = folded("What each test asks, and under which null", _questions(report))
    return PageSection("tests", "All tests", _TEST_LEAD, joined(body, _unmeasured(report), asked))


def _unmeasured(report: Report) -> Markup:
    """The tests that could not be made here, with the reason."""
    left = [test for test in report.evidence if test.status != "measured"]
    columns = (Column("Test"), Column("Status"), Column("Reason", is_wide=True))
    rows = ((name(test.test_id), status_word(test), sentence(test.reason)) for test in left)
    return folded(f"{plural(len(left), 'test')} not made", table("Tests that were not made, and why", columns, rows))


def _test_row(test: Evidence) -> tuple[Markup | Value | str, ...]:
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
