"""What one checkpoint is, on a terminal: head, architecture with origins, tensors by role, claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import byte_size, magnitude, share
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Cell, Column, Page
from lineage_audit.report.wording import listed, model_facts
from lineage_audit.results import Inspection, PartSummary, RoleSummary
from lineage_audit.sizes import plural

_ROLE_COLUMNS: tuple[Column, ...] = (
    ("Role", "left"),
    ("Tensors", "right"),
    ("Parameters", "right"),
    ("Shape", "left"),
    ("Dtypes", "left"),
    ("Name", "left"),
)
_FIELD_COLUMNS: tuple[Column, ...] = (("Field", "left"), ("Value", "left"), ("Read from", "left"))
_CLAIM_COLUMNS: tuple[Column, ...] = (("Claim", "left"), ("Value", "left"), ("Read from", "left"))
_LONGEST = 100
_MOST_NAMES = 12  # unmapped tensors and fields beyond the vocabulary that are listed


def render_inspection_terminal(inspection: Inspection, *, console: Console) -> None:
    """Print an inspection."""
    page = Page(console)
    title = page.text(f"lineage-audit {inspection.tool_version}", LABEL_STYLE)
    page.line(page.joined((title, page.text(f"  {byte_size(inspection.model.bytes_read)} read", QUIET))))
    page.blank()
    page.labelled(_head(page, inspection), label_style=QUIET)
    _fields(page, inspection)
    _roles(page, inspection)
    _leftovers(page, inspection)
    _claims(page, inspection)
    page.blank()
    caveats = page.listed([("•", caveat) for caveat in inspection.caveats])
    page.labelled([("Caveats", (caveats if inspection.caveats else page.text("none", QUIET),))])


def _head(page: Page, inspection: Inspection) -> Iterator[tuple[str, Iterable[Cell]]]:
    for label, value in model_facts(inspection.model):
        if value != "none":
            yield label, (page.text(value, LABEL_STYLE if label == "Model" else ""),)
    if len(inspection.parts) > 1:
        yield "Parts", (", ".join(map(_part_words, inspection.parts)),)
    yield "Digest", (cut(inspection.model.digest, _LONGEST),)
    yield "Dtypes", (_dtype_words(inspection) or page.text("none", QUIET),)
    yield "Quantisation", (listed(inspection.quantization, 6) or page.text("none", QUIET),)
    yield "Tokenizer", (inspection.tokenizer,)


def _part_words(part: PartSummary) -> str:
    """A part and its layers, as ``4 layers of language model``."""
    name = part.part.replace("_", " ")
    return f"{plural(part.layers, 'layer')} of {name}" if part.layers else name


def _dtype_words(inspection: Inspection) -> str:
    """Each dtype and its share of the parameters, the largest first."""
    total = sum(inspection.dtypes.values())
    ordered = sorted(inspection.dtypes.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{cut(name, 24)} {share(count / total) if total else '0%'}" for name, count in ordered)


def _fields(page: Page, inspection: Inspection) -> None:
    if inspection.fields:
        page.heading("Architecture")
        page.table(
            _FIELD_COLUMNS,
            (
                (cut(name, _LONGEST), cut(value, _LONGEST), page.text(cut(origin, _LONGEST), QUIET))
                for name, value, origin in inspection.fields
            ),
        )
    if inspection.other_fields:
        page.heading("Other fields of the configuration")
        shown = inspection.other_fields[:_MOST_NAMES]
        page.table(
            (("Field", "left"), ("Value", "left")),
            ((cut(name, _LONGEST), cut(value, _LONGEST)) for name, value in shown),
        )
        _more(page, len(inspection.other_fields) - len(shown))


def _roles(page: Page, inspection: Inspection) -> None:
    if inspection.roles:
        page.heading("Tensors by role")
        for part in inspection.parts:
            rows = [_role_row(page, role) for role in inspection.roles if role.part == part.part]
            if rows and len(inspection.parts) > 1:
                page.line(page.text(part.part.replace("_", " "), LABEL_STYLE))
            if rows:
                page.table(_ROLE_COLUMNS, rows)
    if any(role.inferred for role in inspection.roles):
        page.line(page.text("* role inferred from words and shapes", QUIET))


def _role_row(page: Page, role: RoleSummary) -> tuple[Cell, ...]:
    return (
        role.role + (" *" if role.inferred else ""),
        f"{role.tensors:,}",
        magnitude(role.parameters),
        " × ".join(map(str, role.shape)) or "scalar",
        listed(role.dtypes, 3, length=12),
        page.text(cut_middle(role.pattern, _LONGEST), QUIET),
    )


def _leftovers(page: Page, inspection: Inspection) -> None:
    if not inspection.unmapped:
        return
    page.heading("Tensors without a role")
    shown = inspection.unmapped[:_MOST_NAMES]
    for name in shown:
        page.line(cut_middle(name, _LONGEST))
    _more(page, len(inspection.unmapped) - len(shown))


def _claims(page: Page, inspection: Inspection) -> None:
    if not inspection.claims:
        return
    page.heading("Claims of the repository")
    page.table(
        _CLAIM_COLUMNS,
        (
            (claim.kind, cut(claim.value, _LONGEST), page.text(cut(claim.place, _LONGEST), QUIET))
            for claim in inspection.claims
        ),
    )


def _more(page: Page, count: int) -> None:
    if count > 0:
        page.line(page.text(f"and {count:,} more", QUIET))
