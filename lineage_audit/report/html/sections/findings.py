"""The four findings that are never made one (architecture, names, tokenizer, weights), and what was done on the way."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from lineage_audit.report.html.figures import inline, quoted_figures, recipe_figure, spectrum_figures
from lineage_audit.report.html.markup import Markup, element, joined, name, opening, sentence, with_powers
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import byte_size, coefficient, logarithm, magnitude, share
from lineage_audit.report.wording import FIELD_STATUS_WORDS, template_change_words
from lineage_audit.report.wording.cells import (
    CONTROLS_NOTE,
    PART_HEADS,
    REQUANTIZED_HEADS,
    control_words,
    most_apart,
    part_cells,
    requantized_cells,
    value_words,
)
from lineage_audit.results import (
    CertificateLink,
    ControlledNumber,
    FieldComparison,
    NamesFinding,
    Operation,
    PartVerdict,
    PromptingFinding,
    Report,
    Requantization,
    TokenizerFinding,
    WeightsFinding,
)
from lineage_audit.sizes import plural

_MOST_NAMES = 200
_EVERY_FIELD = "Every architecture field that either model states or implies"

_LEAD = (
    "The operations that were found, in the order in which a recipe would apply them, each with what it was seen in."
)


def findings(report: Report) -> PageSection:
    """The findings as cards, then the tables behind them."""
    cards = element(
        "div",
        _card("Architecture", report.architecture.summary),
        _card("Names", report.names.summary),
        _card("Tokenizer", report.tokenizer.summary),
        _card("Prompting", report.prompting.summary) if report.prompting else None,
        _card(
            "Weights",
            report.weights.summary,
            f"{share(report.weights.compared_share)} of B’s parameters compared",
        ),
        _card("Quantised", report.requantization.summary) if report.requantization else None,
        _certificate(report.certificate) if report.certificate else None,
        class_="cards",
    )
    tables = joined(
        _parts(report.verdict.parts),
        folded("Architecture, field by field", _fields(report.architecture.fields, _EVERY_FIELD)),
        folded("Tensor names", _names(report.names)),
        folded("Tokenizer in numbers", _tokenizer(report.tokenizer)),
        folded("Chat templates and generation settings", _prompting(report.prompting)) if report.prompting else None,
        folded("Weights by role", _roles(report.weights)),
        folded("Weights by layer", _layers(report.weights)),
        folded("Quantised matrices", _requantized(report.requantization)) if report.requantization else None,
    )
    if report.controls:
        figures = element("div", [inline(figure) for figure in quoted_figures(report)], class_="figures")
        heading = "Numbers that people quote, and what unrelated models give"
        tables = joined(tables, folded(heading, joined(_controls(report.controls), figures)))
    return PageSection("findings", "Four findings, kept apart", "", joined(cards, tables))


def _parts(parts: Sequence[PartVerdict]) -> Markup:
    """Every part of B with its own verdict; nothing where B is of one part."""
    part, relation, *numbers = PART_HEADS
    columns = (Column(part), Column(relation), *number_columns(*numbers), Column("Finding", is_wide=True))
    rows: list[list[Cell]] = [
        [*part_cells(one)[:2], *map(with_powers, part_cells(one)[2:]), sentence(one.finding)] for one in parts
    ]
    return table("Every part of B, judged on its own", columns, rows) if rows else Markup("")


def _card(heading: str, summary: str, aside: str = "") -> Markup:
    note = element("p", aside, class_="aside") if aside else None
    return element("article", element("h3", heading), element("p", sentence(opening(summary))), note)


def _certificate(link: CertificateLink) -> Markup:
    """The certificate with a link to its file, which lies beside the page where both were written to one folder."""
    file = element("a", link.file, href=f"./{quote(link.file, safe='', errors='replace')}") if link.file else None
    hashed = element("p", file, " sha256 ", name(link.sha256), class_="aside") if link.sha256 else None
    return element("article", element("h3", "Certificate"), element("p", sentence(opening(link.summary))), hashed)


def _requantized(found: Requantization) -> Markup:
    matrix, *counts = REQUANTIZED_HEADS
    columns = (Column(matrix), *number_columns(*counts[:-1]), Column(counts[-1]))
    rows: list[list[Cell]] = [[name(one.name), *requantized_cells(one)] for one in most_apart(found)]
    read = f" ({byte_size(found.bytes_read)} were read for it)" if found.bytes_read else ""
    head = f"Codes and scales against the other model’s numbers, quantised{read}; furthest apart first"
    return table(head, columns, rows)


def _prompting(found: PromptingFinding) -> Markup:
    changes = [element("li", sentence(template_change_words(change))) for change in found.changes]
    caption = "Every chat template, by its hash, and every generation setting"
    return joined(element("ul", changes) if changes else None, _fields((*found.templates, *found.settings), caption))


def _controls(numbers: Sequence[ControlledNumber]) -> Markup:
    columns = (Column("Number"), *number_columns("Here"), Column("Controls"), Column("Tells"))
    rows: list[list[Cell]] = [
        [
            name(number.number_id),
            value_words(number),
            sentence("; ".join(map(control_words, number.controls))),
            sentence(number.says),
        ]
        for number in numbers
    ]
    return table(CONTROLS_NOTE, columns, rows)


def _fields(fields: Sequence[FieldComparison], caption: str) -> Markup:
    columns = tuple(map(Column, ("Field", "A", "B", "Status", "Read from")))
    rows = (
        (
            name(field.field),
            sentence(field.a),
            sentence(field.b),
            FIELD_STATUS_WORDS[field.status],
            sentence(" / ".join(dict.fromkeys(o for o in (field.a_origin, field.b_origin) if o))),
        )
        for field in fields
    )
    return table(caption, columns, rows, quiet=(field.status == "equal" for field in fields))


def _names(names: NamesFinding) -> Markup:
    columns = (Column("Role"), Column("A"), Column("B"), *number_columns("Tensors"))
    rows = (
        (sentence(one.role), name(one.a_pattern), name(one.b_pattern), Value(f"{one.count:,}", one.count))
        for one in names.renames
    )
    counts = f"{plural(names.same, 'tensor')} of the same name, {names.renamed:,} renamed."
    inferred = f"Roles inferred from words and shapes: {names.inferred_a:,} in A, {names.inferred_b:,} in B."
    return joined(
        element("p", f"{counts} {inferred}"),
        table("Renamed tensors, {L} for the layer", columns, rows),
        _listed("Only in A", names.only_a),
        _listed("Only in B", names.only_b),
    )


def _tokenizer(tokenizer: TokenizerFinding) -> Markup:
    order = {True: ", in the same order", False: ", in another order", None: ""}[tokenizer.merges_in_order]
    rows = (
        ("Tokens of A", Value(f"{tokenizer.a_size:,}", tokenizer.a_size)),
        ("Tokens of B", Value(f"{tokenizer.b_size:,}", tokenizer.b_size)),
        ("Shared, by their bytes", Value(f"{tokenizer.shared:,}", tokenizer.shared)),
        ("Shared, of the smaller vocabulary", Value(share(tokenizer.shared_share), tokenizer.shared_share)),
        ("Shared with the same id", Value(f"{tokenizer.same_id:,}", tokenizer.same_id)),
        (f"Shared merges{order}", Value(share(tokenizer.merges_shared), tokenizer.merges_shared)),
    )
    return joined(
        table("Tokenizers in numbers", (Column("Of"), *number_columns("Number")), rows),
        _listed("Added only in A", tokenizer.added_only_a),
        _listed("Added only in B", tokenizer.added_only_b),
    )


def _listed(label: str, names: Sequence[str]) -> Markup | None:
    if not names:
        return None
    more = len(names) - _MOST_NAMES
    shown = [joined(name(one), " ") for one in names[:_MOST_NAMES]]
    return element("p", f"{label}: ", shown, f"and {more:,} more" if more > 0 else None)


def _roles(weights: WeightsFinding) -> Markup:
    columns = (
        Column("Role"),
        *number_columns("Parameters", "Correlation", "Relative delta", "Copied", "Row cosine"),
    )
    rows = (
        (
            sentence(delta.role),
            Value(magnitude(delta.parameters), delta.parameters),
            Value(coefficient(delta.correlation), delta.correlation),
            Value(coefficient(delta.relative_delta), delta.relative_delta),
            Value(share(delta.copied_share), delta.copied_share),
            Value(coefficient(delta.row_cosine), delta.row_cosine),
        )
        for delta in weights.roles
    )
    return table("How the weights of each role differ, over every layer that was read", columns, rows)


def _layers(weights: WeightsFinding) -> Markup:
    columns = number_columns("Layer of B", "Layer of A", "Correlation", "log10 p ≤", "Relative delta", "Copied")
    rows = (
        (
            Value(str(layer.b), layer.b),
            Value("–" if layer.a is None else str(layer.a), layer.a),
            Value(coefficient(layer.correlation), layer.correlation),
            Value(logarithm(layer.log10_p), layer.log10_p),
            Value(coefficient(layer.relative_delta), layer.relative_delta),
            Value(share(layer.copied_share), layer.copied_share),
        )
        for layer in weights.layers
    )
    return table("Each layer of B and the layer of A that it was compared with", columns, rows)


def recipe(report: Report) -> PageSection:
    """The steps and their figures; no section where no operation was found."""
    operations = report.verdict.operations
    if not operations:
        return PageSection("recipe", "", "", Markup(""))
    figures = [figure for figure in (recipe_figure(report.weights.stages),) if figure] + spectrum_figures(report)
    shown = element("div", map(inline, figures), class_="figures") if figures else None
    steps = element("ol", map(_step, operations), class_="steps")
    return PageSection("recipe", "The recipe", _LEAD, joined(steps, shown))


def _step(operation: Operation) -> Markup:
    return element(
        "li",
        element("h3", operation.kind.replace("-", " ").capitalize().replace("Lora", "LoRA")),
        element("p", sentence(opening(operation.detail))),
        element("p", "Seen in: ", sentence(operation.evidence), class_="aside"),
    )
