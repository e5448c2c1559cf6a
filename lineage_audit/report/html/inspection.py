"""The page of an inspection: what one checkpoint is, and what it claims of itself."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import HtmlPage, PageSection, folded
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import byte_size, magnitude
from lineage_audit.report.wording import listed, model_facts
from lineage_audit.results import Inspection, RoleSummary

ANSWER = "inconclusive"
_FOOT = "lineage-audit {}. No weight was read: this is what the files say of themselves."
_MOST_NAMES = 500


def inspection_page(inspection: Inspection) -> HtmlPage:
    """An inspection as a page."""
    sections = (
        PageSection("architecture", "Architecture", "", _fields(inspection)),
        PageSection("roles", "Tensors by role", "", joined(_roles(inspection), _unmapped(inspection))),
        PageSection("claims", "Claims", "", _claims(inspection)),
        run.caveats(inspection.caveats),
        run.reproduce(["lineage-audit", "inspect", run.with_revision(inspection.model)], (), inspection.run),
    )
    title = cut_middle(inspection.model.ref, 80)
    return HtmlPage(title, ANSWER, _head(inspection), sections, _FOOT.format(inspection.tool_version))


def _head(inspection: Inspection) -> Markup:
    told = tuple(fact for fact in model_facts(inspection.model) if fact[0] != "Model" and fact[1] != "none")
    dtypes = listed(tuple(inspection.dtypes), 6) or "none"
    return joined(
        run.brand(inspection, f"inspect, {byte_size(inspection.model.bytes_read)} read"),
        element("h1", name(inspection.model.ref)),
        facts((*told, ("Dtypes", dtypes), ("Tokenizer", inspection.tokenizer))),
        run.first_caveats(inspection.caveats),
        run.first_pinned([(inspection.model.ref, inspection.model.revision, inspection.model.digest)]),
    )


def _fields(inspection: Inspection) -> Markup:
    columns = (Column("Field"), Column("Value", is_wide=True), Column("Read from"))
    rows = ((name(field), name(value), sentence(origin)) for field, value, origin in inspection.fields)
    others = ((name(field), name(value)) for field, value in inspection.other_fields[:_MOST_NAMES])
    more = table("What the configuration says beyond", (Column("Field"), Column("Value", is_wide=True)), others)
    return joined(table("Fields of the architecture", columns, rows), folded("Other fields of the configuration", more))


def _roles(inspection: Inspection) -> Markup:
    columns = (
        Column("Role"), *number_columns("Tensors", "Parameters"), Column("Shape"), Column("Dtypes"), Column("Name"),
    )  # fmt: skip
    return table("Every role, with a typical tensor", columns, map(_role, inspection.roles))


def _role(role: RoleSummary) -> tuple[Cell, ...]:
    return (
        sentence(role.role + (" (inferred)" if role.inferred else "")),
        Value(f"{role.tensors:,}", role.tensors),
        Value(magnitude(role.parameters), role.parameters),
        " × ".join(map(str, role.shape)) or "scalar",
        sentence(listed(role.dtypes, 3, length=12)),
        name(role.pattern),
    )


def _unmapped(inspection: Inspection) -> Markup:
    names = [element("li", name(one)) for one in inspection.unmapped[:_MOST_NAMES]]
    return folded("Tensors without a role", element("ul", names) if names else None)


def _claims(inspection: Inspection) -> Markup:
    columns = (Column("Claim"), Column("Value", is_wide=True), Column("Read from"))
    rows = ((sentence(one.kind), sentence(one.value), name(one.place)) for one in inspection.claims)
    return table("What the repository claims, and where", columns, rows)
