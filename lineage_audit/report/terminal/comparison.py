"""A comparison on the first screen of a terminal: the answer, what it rests on, what to keep in mind.

The relation stands there as a word; its colour only repeats it. At 100 columns an ordinary report takes
at most 40 lines; everything else is in the details (`lineage_audit.report.terminal.comparison_tables`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lineage_audit.report.escaping import cut
from lineage_audit.report.heat_strip import layer_origins, shade_of, shades_used, strip_lines
from lineage_audit.report.numbers import share
from lineage_audit.report.terminal.page import LABEL_STYLE, LABEL_WIDTH, QUIET, RELATION_COLOURS, Cell, Page
from lineage_audit.report.wording import (
    RELATION_MEANINGS,
    RELATION_WORDS,
    certainty_facts,
    extent_facts,
    field_difference,
    listed,
    model_facts,
    reading_words,
    short_rename,
)
from lineage_audit.report.wording.cells import part_sentence
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import LayerRow, Report, Verdict
from lineage_audit.sizes import plural

_STRIP_STYLE = "cyan"
_MOST_RENAMES = 2
_MOST_OPERATIONS = 5
_MOST_CAVEATS = 4
_LONGEST_SENTENCE = 400


def render_terminal(report: Report, *, console: Console) -> None:
    """Print the first screen of a comparison."""
    page = Page(console)
    page.line(_title(page, report))
    page.blank()
    page.line(_models(page, report))
    page.blank()
    page.print(_verdict_panel(page, report))
    page.blank()
    page.labelled(
        (
            ("Architecture", _architecture_lines(page, report)),
            ("Names", _names_lines(page, report)),
            ("Tokenizer", _tokenizer_lines(page, report)),
            *([("Prompting", (_sentence(report.prompting.summary),))] if report.prompting else []),
            ("Weights", _weights_lines(page, report)),
            *([("Parts of B", tuple(map(part_sentence, report.verdict.parts)))] if report.verdict.parts else []),
            *([("Quantised", (_sentence(report.requantization.summary),))] if report.requantization else []),
            *([("Certificate", (_sentence(report.certificate.summary),))] if report.certificate else []),
        )
    )
    page.blank()
    page.labelled([("Layers of B", _layer_lines(page, report.weights.layers))])
    page.blank()
    page.labelled([("Operations", _operation_lines(page, report.verdict))])
    page.blank()
    page.labelled([("Caveats", _caveat_lines(page, report.verdict))])


def _title(page: Page, report: Report) -> Text:
    name = page.text(f"lineage-audit {report.tool_version}", LABEL_STYLE)
    return page.joined((name, page.text(f"  {reading_words(report)}", QUIET)))


def _models(page: Page, report: Report) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(width=LABEL_WIDTH)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row("", page.text("A", LABEL_STYLE), page.text("B", LABEL_STYLE))
    for (label, a), (_, b) in zip(model_facts(report.a), model_facts(report.b), strict=True):
        if a == b == "none":
            continue
        style = LABEL_STYLE if label == "Model" else ""
        grid.add_row(page.text(label, QUIET), page.text(a, style), page.text(b, style))
    return grid


def _verdict_panel(page: Page, report: Report) -> Panel:
    verdict = report.verdict
    colour = RELATION_COLOURS[verdict.relation]
    word = page.text(f" {RELATION_WORDS[verdict.relation]} ", f"bold reverse {colour}")
    meaning = page.text(f" {RELATION_MEANINGS[verdict.relation]} ", "default")
    plainly = page.text(cut(first_sentence(report), _LONGEST_SENTENCE), "bold")
    in_terms = page.text(_sentence(verdict.summary), QUIET)
    return Panel(
        Group(plainly, in_terms, Text(), _verdict_facts(page, verdict)),
        title=page.joined((word, meaning)),
        title_align="left",
        border_style=colour,
        padding=(0, 1),
    )


def _verdict_facts(page: Page, verdict: Verdict) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    pairs = zip_longest(certainty_facts(verdict), extent_facts(verdict), fillvalue=("", ""))
    for (left, certainty), (right, extent) in pairs:
        grid.add_row(
            page.text(left, QUIET),
            page.joined((certainty, "   ")),
            page.text(right, QUIET),
            page.text(extent),
        )
    return grid


def _architecture_lines(page: Page, report: Report) -> Iterator[Cell]:
    yield _sentence(report.architecture.summary)
    different = [field_difference(field) for field in report.architecture.fields if field.status != "equal"]
    if different:
        yield page.text(listed(different, 3), QUIET)


def _names_lines(page: Page, report: Report) -> Iterator[Cell]:
    yield _sentence(report.names.summary)
    renames = report.names.renames
    for rename in renames[:_MOST_RENAMES]:
        yield page.text(short_rename(rename), QUIET)
    yield from _more(page, len(renames) - _MOST_RENAMES, "rename")


def _tokenizer_lines(page: Page, report: Report) -> Iterator[Cell]:
    yield _sentence(report.tokenizer.summary)
    for model, added in (("A", report.tokenizer.added_only_a), ("B", report.tokenizer.added_only_b)):
        if added:
            yield page.text(f"added only in {model}: {listed(added, 3, length=24)}", QUIET)


def _weights_lines(page: Page, report: Report) -> Iterator[Cell]:
    yield _sentence(report.weights.summary)
    if report.weights.compared_share:
        yield page.text(f"{share(report.weights.compared_share)} of B's parameters compared", QUIET)


def _layer_lines(page: Page, layers: tuple[LayerRow, ...]) -> Iterator[Cell]:
    if not layers:
        yield "none compared"
        return
    digits = len(str(layers[-1].b))
    for line in strip_lines(layers, page.width - LABEL_WIDTH - digits - 3):
        cells = "".join(_drawn(page, layer) for layer in line)
        number = page.text(f"{line[0].b:>{digits}} ", QUIET)
        yield page.joined((number, page.text(cells, _STRIP_STYLE)))
    yield _legend(page, layers)
    if origins := layer_origins(layers):
        yield page.text(f"{cut(origins, 2 * page.width)} of A", QUIET)


def _legend(page: Page, layers: tuple[LayerRow, ...]) -> Text:
    parts = [page.text("correlation with A: ", QUIET)]
    for shade in shades_used(layers):
        parts.append(page.text(shade.block if page.unicode else shade.letter, _STRIP_STYLE))
        parts.append(page.text(f" {shade.meaning}  ", QUIET))
    return page.joined(parts)


def _drawn(page: Page, layer: LayerRow) -> str:
    shade = shade_of(layer)
    return shade.block if page.unicode else shade.letter


def _operation_lines(page: Page, verdict: Verdict) -> Iterator[Cell]:
    if not verdict.operations:
        yield page.text("none found", QUIET)
        return
    shown = verdict.operations[:_MOST_OPERATIONS]
    yield page.listed([(f"{operation.kind} ", _sentence(operation.detail)) for operation in shown])
    yield from _more(page, len(verdict.operations) - len(shown), "operation")


def _caveat_lines(page: Page, verdict: Verdict) -> Iterator[Cell]:
    if not verdict.caveats:
        yield page.text("none", QUIET)
        return
    yield page.listed([("•", _sentence(caveat)) for caveat in verdict.caveats[:_MOST_CAVEATS]])
    yield from _more(page, len(verdict.caveats) - _MOST_CAVEATS, "caveat")


def _more(page: Page, count: int, noun: str) -> Iterator[Cell]:
    if count > 0:
        yield page.text(f"and {plural(count, f'more {noun}')} in the details", QUIET)


def _sentence(words: str) -> str:
    return cut(words, _LONGEST_SENTENCE)
