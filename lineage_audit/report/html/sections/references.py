"""The models that a subject was held against: how each relates, under which licence, and what lies behind it."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.html.figures import inline, references_figure
from lineage_audit.report.html.markup import Markup, element, joined
from lineage_audit.report.html.names import name, sentence
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import MISSING, detection_limit, logarithm, share
from lineage_audit.report.wording.check import (
    ancestor_lines,
    licence_words,
    origin_words,
    relation_words,
)
from lineage_audit.results import CheckReport, ReferenceSummary


def references(report: CheckReport) -> PageSection:
    """References with their relations, and the bases behind them."""
    columns = (
        Column("Reference"),
        Column("Named"),
        Column("Weights"),
        *number_columns("log10 p ≤", "Derived share", "Compared", "Limit"),
        Column("Licence"),
    )
    figure = references_figure(report.references)
    body = joined(
        inline(figure) if figure else None,
        table("Every model that the subject was held against", columns, map(_row, report.references)),
        _findings(report),
        folded("Bases behind the references", _ancestors(report)),
    )
    nothing = element("p", "None was given, and the card declares none.")
    return PageSection("references", "References", "", body or nothing)


def _row(reference: ReferenceSummary) -> tuple[Cell, ...]:
    return (
        name(reference.ref),
        origin_words(reference),
        relation_words(reference).lower(),
        Value(logarithm(reference.log10_p), reference.log10_p),
        Value(share(reference.derived_share), reference.derived_share),
        Value(share(reference.compared_share), reference.compared_share),
        Value(detection_limit(reference.detection_limit), reference.detection_limit),
        sentence(licence_words(reference.licence)) if reference.licence else MISSING,
    )


def _findings(report: CheckReport) -> Markup:
    """What each relation rests on, below the table: a sentence beside seven columns would not fit a page."""
    rows = ((name(one.ref), sentence(one.summary or one.reason)) for one in report.references)
    columns = (Column("Reference"), Column("Finding", is_wide=True))
    return table("What was found of each", columns, rows, sortable=False)


def _ancestors(report: CheckReport) -> Markup | None:
    items = list(_lines(report))
    return element("ul", items) if items else None


def _lines(report: CheckReport) -> Iterator[Markup]:
    for reference in report.references:
        for words in ancestor_lines(reference):
            yield element("li", sentence(words))
