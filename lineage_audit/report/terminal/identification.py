"""An identification on a terminal: the answer, the relatives nearest first, what to keep in mind."""

from __future__ import annotations

from rich.console import Console

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Cell, Column, Page
from lineage_audit.report.wording import listed, model_facts
from lineage_audit.report.wording.identification import (
    OUTCOME_WORDS,
    certainty,
    distance_words,
    operation_words,
    relation_words,
    search_facts,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Identification, Relative

_COLUMNS: tuple[Column, ...] = (
    ("", "right"),
    ("Model", "left"),
    ("Relation", "left"),
    ("p, corrected", "left"),
    ("Distance", "right"),
    ("Operations", "left"),
)
_STYLES = {"found": "bold yellow", "none": "bold green", "inconclusive": "bold magenta"}
_LONGEST = 96
_MOST_RELATIVES = 10


def render_identification_terminal(identification: Identification, *, console: Console) -> None:
    """Print an identification."""
    page = Page(console)
    page.line(page.text(f"lineage-audit {identification.tool_version}", LABEL_STYLE))
    page.blank()
    page.labelled(
        [
            (label, (page.text(value),))
            for label, value in model_facts(identification.subject)
            if label in ("Model", "Format", "Architecture", "Size")
        ],
        label_style=QUIET,
    )
    page.blank()
    page.line(page.text(OUTCOME_WORDS[identification.outcome], _STYLES[identification.outcome]))
    page.line(page.text(first_sentence(identification), LABEL_STYLE))
    if identification.relatives:
        page.line(page.text(identification.summary, QUIET))
    if identification.relatives:
        page.blank()
        shown = identification.relatives[:_MOST_RELATIVES]
        page.table(_COLUMNS, [_row(number, relative) for number, relative in enumerate(shown, start=1)])
        left = len(identification.relatives) - len(shown)
        if left:
            page.line(page.text(f"and {left:,} more in the details", QUIET))
    page.blank()
    facts = [(label, (page.text(cut(value, 2 * _LONGEST)),)) for label, value in search_facts(identification)]
    if identification.undecided:
        facts.append(("Undecided", (page.text(listed(identification.undecided, 4)),)))
    page.labelled(facts)
    page.labelled([("Caveats", (page.listed([("•", caveat) for caveat in identification.caveats]),))])


def render_identification_details(identification: Identification, *, console: Console) -> None:
    """Print every relative with what it rests on, and every model without an answer."""
    page = Page(console)
    if identification.relatives:
        page.heading("Every relative")
        page.labelled(
            (str(number), (page.text(relative.name, LABEL_STYLE), relative.finding, page.text(relative.digest, QUIET)))
            for number, relative in enumerate(identification.relatives, start=1)
        )
    if identification.undecided:
        page.heading("Compared without an answer")
        for name in identification.undecided:
            page.line(name)


def _row(number: int, relative: Relative) -> tuple[Cell, ...]:
    return (
        str(number),
        cut_middle(relative.name, 48),
        relation_words(relative),
        certainty(relative),
        distance_words(relative),
        operation_words(relative),
    )
