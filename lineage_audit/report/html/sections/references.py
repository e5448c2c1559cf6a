"""What a subject says of itself, and the models it was held against: how each relates, and under which licence."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.html.figures import inline, references_figure
from lineage_audit.report.html.markup import Markup, element, joined, name, opening, sentence
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import MISSING, detection_limit, logarithm, share
from lineage_audit.report.wording.check import (
    ancestor_lines,
    claim_place,
    licence_words,
    origin_words,
    relation_words,
)
from lineage_audit.results import CheckReport, LicenceStatement, ReferenceSummary

_MOST_CLAIMS = 500


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


def licences(report: CheckReport) -> PageSection:
    """The licence as stated and as concluded, side by side."""
    open_still = "nothing: no base was shown, or not all is known"
    cards = element(
        "div",
        _licence("Stated", report.declared_licence, "none"),
        _licence("Concluded from the weights’ origin", report.concluded_licence, open_still),
        class_="cards",
    )
    return PageSection("licence", "Licence", "", cards)


def _licence(heading: str, licence: LicenceStatement | None, without: str) -> Markup:
    words = licence_words(licence) if licence else without
    basis = element("p", sentence(opening(licence.basis)), class_="aside") if licence else None
    terms = element("p", "Terms: ", name(licence.source), class_="aside") if licence and licence.source else None
    return element("article", element("h3", heading), element("p", sentence(words)), basis, terms)


def claims(report: CheckReport) -> PageSection:
    """Every claim as it was read."""
    columns = (Column("Claim"), Column("Value", is_wide=True), Column("Read from"))
    rows = ((sentence(one.kind), sentence(one.value), name(claim_place(one))) for one in report.claims[:_MOST_CLAIMS])
    return PageSection("claims", "Claims", "", table("What the subject claims, and where", columns, rows))
