"""One model against many on a terminal: the answer, a row a model, and what could not be read."""

from __future__ import annotations

from rich.console import Console

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Column, Page
from lineage_audit.report.wording import model_facts
from lineage_audit.report.wording.comparisons import (
    COLUMNS,
    answer_of,
    closest_first,
    headline,
    names_of_others,
    operation_words,
    reading_facts,
    row_words,
    unread_words,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import Comparisons

_NUMBERS = ("If independent", "Derived")
_LONGEST_NAME = 40
_LONGEST_REASON = 400


def render_comparisons_terminal(comparisons: Comparisons, *, console: Console) -> None:
    """Print the comparisons, the closest first."""
    page = Page(console)
    page.line(page.text(f"lineage-audit {comparisons.tool_version}", LABEL_STYLE))
    page.blank()
    shown = ("Model", "Format", "Architecture", "Size")
    facts = [(label, (page.text(value),)) for label, value in model_facts(comparisons.a) if label in shown]
    page.labelled([("A", facts[0][1]), *facts[1:]], label_style=QUIET)
    page.blank()
    page.line(page.text(headline(comparisons), _STYLES.get(answer_of(comparisons), "bold green")))
    page.line(page.text(first_sentence(comparisons), LABEL_STYLE))
    page.blank()
    columns: list[Column] = [(name, "right" if name in _NUMBERS else "left") for name in COLUMNS]
    names = names_of_others(comparisons)
    page.table(
        columns,
        [(cut_middle(names[report.b.ref], _LONGEST_NAME), *row_words(report)) for report in closest_first(comparisons)],
    )
    page.blank()
    page.labelled([(label, (page.text(value),)) for label, value in reading_facts(comparisons)])
    for model in comparisons.unread:
        page.labelled([("Not read", (cut(unread_words(model), _LONGEST_REASON),))])


def render_comparisons_details(comparisons: Comparisons, *, console: Console) -> None:
    """Print every comparison in a sentence, with what was done between the two."""
    page = Page(console)
    page.heading("Each in a sentence")
    for report in closest_first(comparisons):
        done = operation_words(report.verdict)
        page.line(page.text(report.b.ref, LABEL_STYLE))
        page.line(first_sentence(report))
        page.line(page.text(f"Operations: {done}" if done else "No operation was found.", QUIET))


_STYLES = {
    "identical": "bold red",
    "derived": "bold yellow",
    "shared-origin": "bold yellow",
    "inconclusive": "bold magenta",
}
