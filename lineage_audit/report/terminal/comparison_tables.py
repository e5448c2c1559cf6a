"""The details of a comparison as tables on a terminal: every test, role, field, name and layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import (
    MISSING,
    coefficient,
    detection_limit,
    logarithm,
    magnitude,
    quantity,
    share,
)
from lineage_audit.report.terminal.page import LABEL_WIDTH, QUIET, Cell, Column, Page
from lineage_audit.report.wording import FIELD_STATUS_WORDS, status_word, template_change_words, weight_file_words
from lineage_audit.report.wording.cells import (
    CONTROLS_NOTE,
    REQUANTIZED_HEADS,
    control_words,
    most_apart,
    requantized_cells,
    value_words,
)
from lineage_audit.results import (
    ArchitectureFinding,
    ControlledNumber,
    Evidence,
    FieldComparison,
    NamesFinding,
    PromptingFinding,
    Report,
    Requantization,
    Scalar,
    TokenizerFinding,
    Verdict,
    WeightsFinding,
)

_EVIDENCE_COLUMNS: tuple[Column, ...] = (
    ("Test", "left"),
    ("Status", "left"),
    ("log10 p ≤", "right"),
    ("Statistic", "right"),
    ("Effect", "right"),
    ("Count", "right"),
    ("Limit", "right"),
)
_ROLE_COLUMNS: tuple[Column, ...] = (
    ("Role", "left"),
    ("Parameters", "right"),
    ("Correlation", "right"),
    ("Relative delta", "right"),
    ("Copied", "right"),
    ("Row cosine", "right"),
)
_LAYER_COLUMNS: tuple[Column, ...] = (
    ("Layer of B", "right"),
    ("Layer of A", "right"),
    ("Correlation", "right"),
    ("log10 p ≤", "right"),
    ("Relative delta", "right"),
    ("Copied", "right"),
)
_FIELD_COLUMNS: tuple[Column, ...] = (("Field", "left"), ("A", "left"), ("B", "left"), ("", "left"))
_RENAME_COLUMNS: tuple[Column, ...] = (("Role", "left"), ("A", "left"), ("B", "left"), ("Tensors", "right"))
_LONGEST_VALUE = 80
_MOST_FILES = 20
_LONGEST_NAME = 120


def render_details(report: Report, *, console: Console) -> None:
    """Print everything that the first screen leaves out."""
    page = Page(console)
    _evidence(page, report.evidence)
    _roles(page, report.weights)
    _layers(page, report.weights)
    _requantized(page, report.requantization)
    _fields(page, report.architecture)
    _names(page, report.names)
    _tokens(page, report.tokenizer)
    _prompting(page, report.prompting)
    _operations(page, report.verdict)
    _caveats(page, report.verdict)
    _run(page, report)


def _evidence(page: Page, evidence: tuple[Evidence, ...]) -> None:
    page.heading("Evidence")
    if not evidence:
        page.line("no test was run")
        return
    page.table(_EVIDENCE_COLUMNS, (_evidence_row(page, test) for test in evidence))
    width = max(LABEL_WIDTH, *(len(test.test_id) for test in evidence))
    for test in evidence:
        page.blank()
        page.labelled([(test.test_id, _evidence_lines(page, test))], label_width=width)


def _evidence_row(page: Page, test: Evidence) -> tuple[Cell, ...]:
    if test.status != "measured":
        return (test.test_id, page.text(status_word(test), QUIET), *([page.text(MISSING, QUIET)] * 5))
    return (
        test.test_id,
        status_word(test),
        logarithm(test.log10_p),
        quantity(test.statistic),
        coefficient(test.effect),
        f"{test.count:,}",
        detection_limit(test.detection_limit),
    )


def _evidence_lines(page: Page, test: Evidence) -> Iterable[Cell]:
    yield test.question
    if test.status == "measured":
        yield test.finding
        yield page.text(f"Null: {test.null}", QUIET)
    else:
        yield f"{test.status.capitalize().replace('-', ' ')}: {test.reason or MISSING}"


def _roles(page: Page, weights: WeightsFinding) -> None:
    if not weights.roles:
        return
    page.heading("Weights by role")
    page.table(
        _ROLE_COLUMNS,
        (
            (
                delta.role,
                magnitude(delta.parameters),
                coefficient(delta.correlation),
                coefficient(delta.relative_delta),
                share(delta.copied_share),
                coefficient(delta.row_cosine),
            )
            for delta in weights.roles
        ),
    )


def _layers(page: Page, weights: WeightsFinding) -> None:
    if not weights.layers:
        return
    page.heading("Weights by layer")
    page.table(
        _LAYER_COLUMNS,
        (
            (
                str(layer.b),
                MISSING if layer.a is None else str(layer.a),
                coefficient(layer.correlation),
                logarithm(layer.log10_p),
                coefficient(layer.relative_delta),
                share(layer.copied_share),
            )
            for layer in weights.layers
        ),
    )


def _requantized(page: Page, found: Requantization | None) -> None:
    if found is None:
        return
    page.heading("Quantised matrices")
    matrix, *counts = REQUANTIZED_HEADS
    columns: tuple[Column, ...] = ((matrix, "left"), *((head, "right") for head in counts[:-1]), (counts[-1], "left"))
    page.table(columns, ((cut_middle(one.name, _LONGEST_NAME), *requantized_cells(one)) for one in most_apart(found)))


def _fields(page: Page, architecture: ArchitectureFinding) -> None:
    if not architecture.fields:
        return
    page.heading("Architecture")
    _field_table(page, architecture.fields)


def _field_table(page: Page, fields: Iterable[FieldComparison]) -> None:
    rows = []
    for field in fields:
        a, b = (MISSING if value is None else cut(value, _LONGEST_VALUE) for value in (field.a, field.b))
        style = QUIET if field.status == "equal" else ""
        words = (cut(field.field, _LONGEST_VALUE), a, b, FIELD_STATUS_WORDS[field.status])
        rows.append(tuple(page.text(word, style) for word in words))
    page.table(_FIELD_COLUMNS, rows)


def _names(page: Page, names: NamesFinding) -> None:
    page.heading("Tensor names")
    page.labelled(
        (
            ("Same", (f"{names.same:,}",)),
            ("Renamed", (f"{names.renamed:,}",)),
            ("Only in A", _all_or_none(page, names.only_a)),
            ("Only in B", _all_or_none(page, names.only_b)),
            ("Inferred roles", (f"{names.inferred_a:,} in A, {names.inferred_b:,} in B",)),
        ),
        label_style=QUIET,
    )
    if names.renames:
        page.blank()
        page.table(
            _RENAME_COLUMNS,
            (
                (
                    rename.role,
                    cut_middle(rename.a_pattern, _LONGEST_NAME),
                    cut_middle(rename.b_pattern, _LONGEST_NAME),
                    f"{rename.count:,}",
                )
                for rename in names.renames
            ),
        )


def _prompting(page: Page, found: PromptingFinding | None) -> None:
    if found is not None:
        page.heading("Chat templates and generation settings")
        for change in found.changes:
            page.line(page.text(template_change_words(change)))
        _field_table(page, (*found.templates, *found.settings))


def _tokens(page: Page, tokenizer: TokenizerFinding) -> None:
    order = {True: "same order", False: "other order", None: "order not known"}[tokenizer.merges_in_order]
    page.heading("Tokenizer")
    page.labelled(
        (
            ("Size", (f"{tokenizer.a_size:,} in A, {tokenizer.b_size:,} in B",)),
            ("Shared tokens", (f"{tokenizer.shared:,} ({share(tokenizer.shared_share)} of the smaller)",)),
            ("With same id", (f"{tokenizer.same_id:,}",)),
            ("Shared merges", (f"{share(tokenizer.merges_shared)}, {order}",)),
            ("Added in A", _all_or_none(page, tokenizer.added_only_a)),
            ("Added in B", _all_or_none(page, tokenizer.added_only_b)),
        ),
        label_style=QUIET,
    )


def _operations(page: Page, verdict: Verdict) -> None:
    if not verdict.operations:
        return
    page.heading("Operations")
    page.labelled(
        (operation.kind, (operation.detail, page.text(f"Seen in: {operation.evidence}", QUIET)))
        for operation in verdict.operations
    )


def _caveats(page: Page, verdict: Verdict) -> None:
    if not verdict.caveats:
        return
    page.heading("Caveats")
    page.line(page.listed([("•", caveat) for caveat in verdict.caveats]))


def _run(page: Page, report: Report) -> None:
    page.heading("Run")
    page.labelled(
        (
            ("Digest of A", (cut(report.a.digest, _LONGEST_NAME),)),
            ("Digest of B", (cut(report.b.digest, _LONGEST_NAME),)),
            *(
                (f"Files of {side}", tuple(weight_file_words(file) for file in model.files[:_MOST_FILES]))
                for side, model in (("A", report.a), ("B", report.b))
                if model.files
            ),
            *((name, (_printed(value),)) for name, value in report.parameters.items()),
        ),
        label_style=QUIET,
    )


def _printed(value: Scalar) -> str:
    return MISSING if value is None else cut(str(value), _LONGEST_VALUE)


def _all_or_none(page: Page, names: tuple[str, ...]) -> Iterable[Cell]:
    return tuple(cut_middle(name, _LONGEST_NAME) for name in names) or (page.text("none", QUIET),)


def render_controls(report: Report, *, console: Console) -> None:
    """Print every number with what unrelated models give."""
    page = Page(console)
    page.heading("Numbers that people quote, and their controls")
    if not report.controls:
        page.line("none: these weights were not compared in their places")
        return
    page.line(page.text(CONTROLS_NOTE, QUIET))
    width = max(LABEL_WIDTH, *(len(number.number_id) for number in report.controls))
    for number in report.controls:
        page.blank()
        page.labelled([(number.number_id, _lines(page, number))], label_width=width)


def _lines(page: Page, number: ControlledNumber) -> Iterator[Cell]:
    yield f"{value_words(number)}: {number.says}"
    yield page.text(number.question, QUIET)
    yield page.listed([("•", control_words(control)) for control in number.controls])
