"""The first screen of each kind of result, and of any as something that rich prints, at a console's own width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Literal

from rich.console import Console, ConsoleOptions
from rich.text import Text

from lineage_audit.report.terminal.behaviour import render_behaviour_terminal
from lineage_audit.report.terminal.check import render_check_terminal
from lineage_audit.report.terminal.comparison import render_terminal
from lineage_audit.report.terminal.comparisons import render_comparisons_terminal
from lineage_audit.report.terminal.identification import render_identification_terminal
from lineage_audit.report.terminal.inspection import render_inspection_terminal
from lineage_audit.report.terminal.page import Page
from lineage_audit.report.terminal.printing import Printer
from lineage_audit.report.terminal.tree import render_tree_terminal
from lineage_audit.report.terminal.unmixing import render_unmix_terminal
from lineage_audit.report.wording.glossary import terms_of
from lineage_audit.results import (
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Result,
    Unmixing,
)


class Screen:
    """The first screen of a result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Print on a console of the same kind, and hand over what came of it."""
        written = StringIO()
        colours: Literal["truecolor"] | None = None if console.color_system is None else "truecolor"
        inner = Console(
            file=written, width=options.max_width, force_terminal=console.is_terminal, color_system=colours,
            legacy_windows=False,
        )  # fmt: skip
        FIRST_SCREENS[type(self._result)](self._result, console=inner)
        yield Text.from_ansi(written.getvalue().rstrip("\n"))


FIRST_SCREENS: Mapping[type, Printer] = {
    Report: render_terminal,
    Comparisons: render_comparisons_terminal,
    CheckReport: render_check_terminal,
    Inspection: render_inspection_terminal,
    Identification: render_identification_terminal,
    FamilyTree: render_tree_terminal,
    Unmixing: render_unmix_terminal,
    Behaviour: render_behaviour_terminal,
}


def render_terms(result: Result, *, console: Console) -> None:
    """Print each word that this kind of report uses, and what it means."""
    page = Page(console)
    page.heading("What the words mean")
    page.labelled([(term.word, (term.meaning,)) for term in terms_of(type(result))], label_width=20)
