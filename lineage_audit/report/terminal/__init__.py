"""Results on a terminal: a first screen each, and behind it the tables and the words that it leaves out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from rich.console import Console

from lineage_audit.report.formats import Renderer
from lineage_audit.report.terminal.behaviour import render_behaviour_details
from lineage_audit.report.terminal.check import render_check_details
from lineage_audit.report.terminal.comparison_tables import render_controls, render_details
from lineage_audit.report.terminal.comparisons import render_comparisons_details
from lineage_audit.report.terminal.identification import render_identification_details
from lineage_audit.report.terminal.printing import Printer, printed
from lineage_audit.report.terminal.screen import FIRST_SCREENS, Screen, render_terms
from lineage_audit.report.terminal.tree import render_tree_details
from lineage_audit.results import (
    RESULTS,
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Report,
    Result,
)

__all__ = ["RENDERERS", "Part", "Screen", "show", "text_of"]

Part = Literal["details", "controls", "terms"]
"""What may follow the first screen: every table, controls of what people quote, and what the words mean."""

_PARTS: Mapping[Part, Mapping[type, Printer]] = {
    "details": {
        Report: render_details,
        Comparisons: render_comparisons_details,
        CheckReport: render_check_details,
        Identification: render_identification_details,
        FamilyTree: render_tree_details,
        Behaviour: render_behaviour_details,
    },
    "controls": {Report: render_controls},
    "terms": dict.fromkeys(RESULTS, render_terms),
}
"""Part -> result type -> what prints it; the first screen of any other result shows all that there is."""


def show(result: Result, parts: Collection[Part] = ()) -> None:
    """Print a result to stdout, with colour where that takes it."""
    console = Console()
    for print_on in _printers(type(result), parts):
        print_on(result, console=console)


def text_of(result: Result, parts: Collection[Part] = ()) -> str:
    """What a terminal of 100 columns without colour would show."""
    return printed(result, _printers(type(result), parts))


def _printers(kind: type, parts: Collection[Part]) -> Iterator[Printer]:
    yield FIRST_SCREENS[kind]
    for part, printers in _PARTS.items():
        if part in parts and kind in printers:
            yield printers[kind]


RENDERERS: Mapping[type, Renderer] = dict.fromkeys(RESULTS, text_of)
