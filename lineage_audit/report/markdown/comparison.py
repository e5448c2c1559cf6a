"""A comparison as Markdown for a pull request: the answer first, the tests folded away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.heat_strip import shade_of, shades_used
from lineage_audit.report.markdown.text import bullets, code, folded, prose, table
from lineage_audit.report.numbers import MISSING, coefficient, detection_limit, logarithm, share
from lineage_audit.report.wording import (
    RELATION_MEANINGS,
    RELATION_WORDS,
    certainty_facts,
    extent_facts,
    field_difference,
    model_facts,
    reading_words,
    status_word,
    template_change_words,
)
from lineage_audit.report.wording.cells import (
    PART_HEADS,
    REQUANTIZED_HEADS,
    control_words,
    most_apart,
    part_cells,
    requantized_cells,
    value_words,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import (
    ArchitectureFinding,
    CertificateLink,
    ControlledNumber,
    Evidence,
    LayerRow,
    NamesFinding,
    Operation,
    PartVerdict,
    PromptingFinding,
    Report,
    Requantization,
)

_IN_CODE = frozenset({"Model", "Revision", "Format", "Architecture", "Licence claim", "Claimed base"})
_MOST_CHANGES = 3
_MOST_LISTED = 10


def render_markdown(report: Report) -> str:
    """A comparison as Markdown text, ending in a newline."""
    blocks = (
        f"## {RELATION_WORDS[report.verdict.relation]}: {RELATION_MEANINGS[report.verdict.relation]}",
        f"**{prose(first_sentence(report))}**",
        prose(report.verdict.summary),
        table(("", ""), (*certainty_facts(report.verdict), *extent_facts(report.verdict))),
        _models(report),
        "### Findings",
        _findings(report),
        _parts(report.verdict.parts),
        "### Operations",
        bullets(map(_operation, report.verdict.operations)) or "None found.",
        "### Caveats",
        bullets(map(prose, report.verdict.caveats)) or "None.",
        folded("Renamed tensors", _renames(report.names)),
        folded("Quantised matrices", _requantized(report.requantization)),
        folded("Evidence", _evidence(report.evidence)),
        folded("Numbers that people quote, and what unrelated models give", _controls(report.controls)),
        _footer(report),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _parts(parts: Sequence[PartVerdict]) -> str:
    """Every part of B with its own verdict, where B has several."""
    rows = [(*map(prose, part_cells(part)), prose(part.finding)) for part in parts]
    return table((*PART_HEADS, "Finding"), rows) if rows else ""


def _models(report: Report) -> str:
    rows = [
        (label, _model_value(label, a), _model_value(label, b))
        for (label, a), (_, b) in zip(model_facts(report.a), model_facts(report.b), strict=True)
        if not a == b == "none"
    ]
    return table(("", "A", "B"), rows)


def _model_value(label: str, value: str) -> str:
    return code(value) if label in _IN_CODE and value != "none" else prose(value)


def _findings(report: Report) -> str:
    return bullets(
        (
            f"**Architecture.** {prose(report.architecture.summary)}{_differences(report.architecture)}",
            f"**Names.** {prose(report.names.summary)}",
            f"**Tokenizer.** {prose(report.tokenizer.summary)}",
            *_prompting(report.prompting),
            f"**Weights.** {prose(report.weights.summary)} "
            f"({share(report.weights.compared_share)} of B's parameters compared)",
            *_requantization(report.requantization),
            *_certificate(report.certificate),
            *_layers(report.weights.layers),
        )
    )


def _prompting(found: PromptingFinding | None) -> Iterator[str]:
    if found is not None:
        changes = "".join(f" {prose(template_change_words(change))}." for change in found.changes[:_MOST_CHANGES])
        yield f"**Prompting.** {prose(found.summary)}.{changes}"


def _differences(architecture: ArchitectureFinding) -> str:
    different = [field for field in architecture.fields if field.status != "equal"]
    if not different:
        return ""
    more = len(different) - _MOST_LISTED
    shown = ", ".join(code(field_difference(field)) for field in different[:_MOST_LISTED])
    return f" Different: {shown}" + (f" and {more} more" if more > 0 else "")


def _requantization(found: Requantization | None) -> Iterator[str]:
    """Whether codes are the other model's numbers, quantised."""
    if found is not None:
        yield f"**Quantised.** {prose(found.summary)}"


def _certificate(link: CertificateLink | None) -> Iterator[str]:
    """The certificate, by the hash of its bytes, or why there is none."""
    if link is not None:
        hashed = f" sha256 {code(link.sha256)}" if link.sha256 else ""
        yield f"**Certificate.** {prose(link.summary)}.{hashed}"


def _requantized(found: Requantization | None) -> str:
    if found is None:
        return ""
    rows = [(code(cut_middle(one.name, 120)), *requantized_cells(one)) for one in most_apart(found)]
    return table(REQUANTIZED_HEADS, rows)


def _layers(layers: Sequence[LayerRow]) -> Iterator[str]:
    """The layers of B as a strip of shades with its legend."""
    if layers:
        legend = ", ".join(f"{shade.block} {shade.meaning}" for shade in shades_used(layers))
        strip = "".join(shade_of(layer).block for layer in layers)
        yield f"**Layers of B.** `{strip}` (correlation with A: {legend})"


def _operation(operation: Operation) -> str:
    return f"`{operation.kind}`: {prose(operation.detail)}"


def _renames(names: NamesFinding) -> str:
    rows = [
        (
            code(rename.role),
            code(cut_middle(rename.a_pattern, 120)),
            code(cut_middle(rename.b_pattern, 120)),
            f"{rename.count:,}",
        )
        for rename in names.renames
    ]
    return table(("Role", "A", "B", "Tensors"), rows) if rows else ""


def _evidence(evidence: Sequence[Evidence]) -> str:
    if not evidence:
        return ""
    head = ("Test", "Question", "Status", "log10 p ≤", "Effect", "Count", "Limit", "Finding")
    return table(head, map(_evidence_row, evidence))


def _evidence_row(test: Evidence) -> tuple[str, ...]:
    if test.status != "measured":
        reason = prose(test.reason or "")
        return (code(test.test_id), prose(test.question), status_word(test), *([MISSING] * 4), reason)
    return (
        code(test.test_id),
        prose(test.question),
        status_word(test),
        logarithm(test.log10_p),
        coefficient(test.effect),
        f"{test.count:,}",
        detection_limit(test.detection_limit),
        prose(test.finding),
    )


def _controls(numbers: Sequence[ControlledNumber]) -> str:
    rows = [
        (
            code(number.number_id),
            value_words(number),
            "; ".join(prose(control_words(control)) for control in number.controls) or MISSING,
            prose(number.says),
        )
        for number in numbers
    ]
    return table(("Number", "Here", "Controls", "Tells"), rows) if rows else ""


def _footer(report: Report) -> str:
    return f"<sub>lineage-audit {prose(report.tool_version)}: {reading_words(report)}.</sub>"
