"""An unmixing on a terminal: the method, the weights with their intervals, parts, layers, and the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.panel import Panel

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import coefficient, duration, magnitude, share
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Cell, Column, Page
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.report.wording.unmixing import (
    METHOD_MEANINGS,
    METHOD_WORDS,
    method_facts,
    part_weights,
    source_references,
    source_words,
    weight,
)
from lineage_audit.results import MergedPart, Unmixing

_LONGEST_REFERENCE = 72
_LONGEST_SENTENCE = 400
_LETTERS = "ABCDEFGHIJKLMNOP"


def render_unmix_terminal(unmixing: Unmixing, *, console: Console) -> None:
    """Print an unmixing."""
    page = Page(console)
    title = page.text(f"lineage-audit {unmixing.tool_version}", LABEL_STYLE)
    page.line(page.joined((title, page.text(f"  unmix, {duration(unmixing.seconds)}", QUIET))))
    page.blank()
    page.labelled(_models(page, unmixing), label_style=QUIET)
    page.blank()
    page.print(_panel(page, unmixing))
    page.blank()
    page.labelled(_weights(unmixing))
    page.labelled([(label, (value,)) for label, value in method_facts(unmixing)])
    _parts(page, unmixing, "By tensor group", unmixing.parts)
    _parts(page, unmixing, "By layer", unmixing.layers)
    if unmixing.recipe:
        page.heading("mergekit recipe")
        for line in unmixing.recipe.splitlines():
            page.line(page.text(f"  {line}"))
    page.blank()
    caveats = page.listed([("•", cut(caveat, _LONGEST_SENTENCE)) for caveat in unmixing.caveats])
    page.labelled([("Caveats", (caveats if unmixing.caveats else page.text("none", QUIET),))])


def _models(page: Page, unmixing: Unmixing) -> Iterator[tuple[str, Sequence[Cell]]]:
    yield "Child", (page.text(cut_middle(unmixing.child.ref, _LONGEST_REFERENCE), LABEL_STYLE),)
    for letter, parent in zip(_LETTERS, unmixing.parents, strict=False):
        yield f"Parent {letter}", (cut_middle(parent.ref, _LONGEST_REFERENCE),)
    if unmixing.base:
        yield "Base", (cut_middle(unmixing.base.ref, _LONGEST_REFERENCE),)


def _panel(page: Page, unmixing: Unmixing) -> Panel:
    colour = "red" if unmixing.method == "unknown" else "yellow"
    word = page.text(f" {METHOD_WORDS[unmixing.method]} ", f"bold reverse {colour}")
    meaning = page.text(f" {METHOD_MEANINGS[unmixing.method]} ", "default")
    return Panel(
        page.text(cut(first_sentence(unmixing), _LONGEST_SENTENCE), "bold"),
        title=page.joined((word, meaning)),
        title_align="left",
        border_style=colour,
        padding=(0, 1),
    )


def _weights(unmixing: Unmixing) -> Iterator[tuple[str, Sequence[Cell]]]:
    for letter, found in zip(_LETTERS, unmixing.weights, strict=False):
        yield f"Weight of {letter}", (weight(found),)


def _parts(page: Page, unmixing: Unmixing, title: str, parts: Sequence[MergedPart]) -> None:
    if not parts:
        return
    stacked = any(part.source for part in parts)
    letters: list[Column] = [(letter, "right") for letter, _ in zip(_LETTERS, unmixing.parents, strict=False)]
    columns: list[Column] = [("Part", "left"), ("Parameters", "right"), *letters, ("Residual", "right")]
    columns.append(("Taken from", "left") if stacked else ("Unexplained", "right"))
    page.heading(title)
    page.table(columns, (_row(unmixing, part, stacked) for part in parts))


def _row(unmixing: Unmixing, part: MergedPart, stacked: bool) -> tuple[str, ...]:
    last = source_words(part.source, source_references(unmixing)) if stacked else share(part.unexplained)
    return (
        part.name,
        magnitude(part.parameters),
        *part_weights(part, len(unmixing.parents)),
        coefficient(part.residual),
        cut_middle(last, _LONGEST_REFERENCE),
    )
