"""The chat template against that of the base: a program that travels with a model, and that no weight shows."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.references import Reference
from lineage_audit.claims.rules.base import Draft, Rule, weights_line
from lineage_audit.results import Level, Location, OperationKind, TemplateChange

_STORED_OTHERWISE: frozenset[OperationKind] = frozenset({"renamed-tensors", "fused-tensors", "cast", "quantized"})
"""What makes no other model of a base: its template has no reason to change either."""


def _changed(case: Case) -> Iterator[Draft]:
    for reference in case.bases:
        found = reference.report.prompting if reference.report else None
        if found is None:
            continue
        for change in found.changes:
            file = next((one.b_origin for one in found.templates if one.field.endswith(f" {change.template}")), None)
            yield Draft(
                message=f"The chat template is inconsistent with that of {reference.name}: {_where(change)}.",
                evidence=(found.summary, *_lines(change, reference), weights_line(reference)),
                fix="Compare the two templates; say in the card what was changed in them, and why.",
                location=_place(case, file),
                about=change.template,
                reference=reference,
                level=_level(reference),
                properties={"template": change.template, "template_line": change.line},
            )


def _where(change: TemplateChange) -> str:
    count = f", {change.changed:,} in all" if change.changed is not None else ""
    return f"they part in line {change.line:,}{count}"


def _lines(change: TemplateChange, reference: Reference) -> Iterator[str]:
    for whose, line in ((reference.name, change.a), ("the subject", change.b)):
        yield f"line {change.line:,} in {whose}: {line.strip() if line is not None else 'there is none'}"


def _level(reference: Reference) -> Level:
    """A trained model may well talk in another form; weights that are the base's own give no reason for one."""
    verdict = reference.report.verdict if reference.report else None
    kinds = {operation.kind for operation in verdict.operations} if verdict else set()
    is_same_model = reference.relation == "identical" or (bool(kinds) and kinds <= _STORED_OTHERWISE)
    return "warning" if is_same_model else "note"


def _place(case: Case, file: str | None) -> Location:
    return Location(file, 1) if file is not None else case.place("base_model")


RULES = (
    Rule(
        "LA310",
        "chat-template-changed",
        "The chat template is not that of the base",
        "note",
        "Compares chat templates of one name with those of each base. A note for a model that was trained further, a "
        "warning where the weights are the base's own or only stored otherwise: then a template that does something "
        "else was put in. Compare the two.",
        _changed,
    ),
)
