"""What the subject says of itself: its licence as stated and as concluded, and every claim with its place."""

from __future__ import annotations

from lineage_audit.report.html.markup import Markup, element
from lineage_audit.report.html.names import name, opening, sentence
from lineage_audit.report.html.page import PageSection
from lineage_audit.report.html.tables import Column, table
from lineage_audit.report.wording.check import claim_place, licence_words
from lineage_audit.results import CheckReport, LicenceStatement

_MOST_CLAIMS = 500


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
