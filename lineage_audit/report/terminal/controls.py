"""Numbers that people quote on a terminal: each with its controls and what it tells."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from lineage_audit.report.terminal.page import LABEL_WIDTH, QUIET, Cell, Page
from lineage_audit.report.wording.controls import NOTE, control_words, value_words
from lineage_audit.results import ControlledNumber, Report


def render_controls(report: Report, *, console: Console) -> None:
    """Print every number with what unrelated models give."""
    page = Page(console)
    page.heading("Numbers that people quote, and their controls")
    if not report.controls:
        page.line("none: these weights were not compared in their places")
        return
    page.line(page.text(NOTE, QUIET))
    width = max(LABEL_WIDTH, *(len(number.number_id) for number in report.controls))
    for number in report.controls:
        page.blank()
        page.labelled([(number.number_id, _lines(page, number))], label_width=width)


def _lines(page: Page, number: ControlledNumber) -> Iterator[Cell]:
    yield f"{value_words(number)}: {number.says}"
    yield page.text(number.question, QUIET)
    yield page.listed([("•", control_words(control)) for control in number.controls])
