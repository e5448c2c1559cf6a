"""The page of an identification: the relatives in the library database, nearest first, or that there are none."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.markup import Markup, element, joined, name, opening, sentence, with_powers
from lineage_audit.report.html.page import HtmlPage, PageSection
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts, said
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import share
from lineage_audit.report.wording.identification import (
    OUTCOME_WORDS,
    certainty,
    distance_words,
    operation_words,
    relation_words,
    search_facts,
)
from lineage_audit.results import Identification, ModelSummary, Relative

_FOOT = "lineage-audit {}. A library answers for the models in it, and for no other."
_ANSWERS = {"found": "derived", "none": "independent", "inconclusive": "inconclusive"}
_MEANINGS = {
    "found": "models of the library that are not independent of the subject",
    "none": "no relative in the library, with the power to find one",
    "inconclusive": "not enough to tell, which is not a pass",
}


def identification_page(identification: Identification) -> HtmlPage:
    """An identification as a page."""
    sections = (
        run.caveats(identification.caveats),
        PageSection("relatives", "Relatives, nearest first", "", _relatives(identification)),
        PageSection("undecided", "Compared without an answer", "", _undecided(identification)),
        run.pinned(_models(identification)),
        run.reproduce(_command(identification), identification.parameters.items(), identification.run),
    )
    title = f"{OUTCOME_WORDS[identification.outcome].capitalize()}: {cut_middle(identification.subject.ref, 80)}"
    foot = _FOOT.format(identification.tool_version)
    return HtmlPage(title, _ANSWERS[identification.outcome], _head(identification), sections, foot)


def _head(identification: Identification) -> Markup:
    outcome = identification.outcome
    return joined(
        run.brand(identification, "identify"),
        said(OUTCOME_WORDS[outcome], _MEANINGS[outcome], identification),
        element("p", sentence(opening(identification.summary)), class_="terms"),
        facts(search_facts(identification)),
        run.first_caveats(identification.caveats),
        run.first_pinned(_models(identification)),
        run.command_line(_command(identification)),
    )


def _relatives(identification: Identification) -> Markup:
    columns = (
        Column("Model"),
        Column("Relation"),
        *number_columns("p, corrected", "Distance", "Explained", "Derived share"),
        Column("Operations"),
        Column("Licence"),
    )
    body = table("Every relative in the library", columns, map(_row, identification.relatives))
    return joined(body, _findings(identification)) if body else element("p", "None.")


def _findings(identification: Identification) -> Markup:
    """What each relation rests on, below the table: a sentence beside eight columns would not fit a page."""
    rows = ((name(relative.name), sentence(relative.finding)) for relative in identification.relatives)
    return table(
        "What each relation rests on", (Column("Model"), Column("Finding", is_wide=True)), rows, sortable=False
    )


def _row(relative: Relative) -> tuple[Cell, ...]:
    return (
        name(relative.name),
        relation_words(relative),
        Value(with_powers(certainty(relative)), relative.corrected_log10_p),
        Value(distance_words(relative), relative.distance),
        Value(share(relative.explained_variance), relative.explained_variance),
        Value(share(relative.derived_share), relative.derived_share),
        sentence(operation_words(relative)),
        sentence(relative.license or "unknown"),
    )


def _undecided(identification: Identification) -> Markup:
    items = [element("li", name(one)) for one in identification.undecided]
    return element("ul", items) if items else Markup("")


def _models(identification: Identification) -> list[run.Pinned]:
    models: tuple[ModelSummary | Relative, ...] = (identification.subject, *identification.relatives)
    return [(model.ref, model.revision, model.digest) for model in models]


def _command(identification: Identification) -> list[str]:
    subject = run.with_revision(identification.subject)
    return ["lineage-audit", "identify", subject, "--library", identification.library]
