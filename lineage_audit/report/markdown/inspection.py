"""An inspection as Markdown: the head, then architecture, roles and claims in tables."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.markdown.text import bullets, code, folded, prose, table
from lineage_audit.report.numbers import byte_size, magnitude
from lineage_audit.report.wording import listed, model_facts, weight_file_words
from lineage_audit.results import Inspection

_IN_CODE = frozenset({"Model", "Revision", "Format", "Architecture", "Licence claim", "Claimed base"})
_LONGEST = 120
_MOST_NAMES = 50
_MOST_FILES = 20


def render_inspection_markdown(inspection: Inspection) -> str:
    """An inspection as Markdown text, ending in a newline."""
    read = byte_size(inspection.model.bytes_read)
    blocks = (
        f"## {code(cut_middle(inspection.model.ref, _LONGEST))}",
        table(("", ""), _head(inspection)),
        "### Architecture",
        table(("Field", "Value", "Read from"), _fields(inspection)),
        "### Tensors by role",
        table(("Role", "Tensors", "Parameters", "Shape", "Dtypes", "Name"), _roles(inspection)),
        folded("Tensors without a role", bullets(code(name) for name in inspection.unmapped[:_MOST_NAMES])),
        folded("Claims of the repository", _claims(inspection)),
        "### Caveats",
        bullets(map(prose, inspection.caveats)) or "None.",
        f"<sub>lineage-audit {prose(inspection.tool_version)}, inspect: {read} read.</sub>",
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for label, value in model_facts(inspection.model):
        if value != "none":
            yield label, code(value) if label in _IN_CODE else prose(value)
    yield "Digest", code(cut(inspection.model.digest, _LONGEST))
    for file in inspection.model.files[:_MOST_FILES]:
        yield "File", code(weight_file_words(file))
    yield "Dtypes", prose(listed(tuple(inspection.dtypes), 6)) if inspection.dtypes else "none"
    yield "Quantisation", prose(listed(inspection.quantization, 6)) if inspection.quantization else "none"
    yield "Tokenizer", prose(inspection.tokenizer)


def _fields(inspection: Inspection) -> Iterator[tuple[str, ...]]:
    for field, value, origin in inspection.fields:
        yield code(cut(field, _LONGEST)), code(cut(value, _LONGEST)), prose(origin)


def _roles(inspection: Inspection) -> Iterator[tuple[str, ...]]:
    for role in inspection.roles:
        yield (
            prose(role.role) + (" (inferred)" if role.inferred else ""),
            f"{role.tensors:,}",
            magnitude(role.parameters),
            " × ".join(map(str, role.shape)) or "scalar",
            prose(listed(role.dtypes, 3, length=12)),
            code(cut_middle(role.pattern, _LONGEST)),
        )


def _claims(inspection: Inspection) -> str:
    rows = [
        (prose(claim.kind), prose(cut(claim.value, 200)), code(cut_middle(claim.place, _LONGEST)))
        for claim in inspection.claims
    ]
    return table(("Claim", "Value", "Read from"), rows) if rows else ""
