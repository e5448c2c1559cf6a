"""The stated relation (fine-tune, adapter, merge, quantised) against what was done to the weights."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lineage_audit.claims.case import Case
from lineage_audit.claims.references import Reference
from lineage_audit.claims.rules.base import Draft, Rule, card_edits, quoted, weights_line
from lineage_audit.results import OperationKind

_TRAINING: frozenset[OperationKind] = frozenset({"fine-tuned", "continued-pretrained", "lora-merged", "changed"})
"""What training is seen as; a change without the marks of any kind may well be one."""
_ADAPTER_FILE = "adapter_config.json"


def _misstated(case: Case) -> Iterator[Draft]:
    stated = next(iter(case.statements.of("base_model_relation")), None)
    for reference in case.bases if stated else ():
        shown = _shown_instead(stated.value.lower(), case, reference) if stated and reference.declared_by else None
        if stated and shown:
            yield Draft(
                message=f"The stated relation {stated.value!r} is inconsistent with the weights: {shown.reason}.",
                evidence=(quoted(stated), weights_line(reference), *_operations(reference)),
                fix="State the relation that the weights show in base_model_relation.",
                location=case.place("base_model_relation"),
                about=stated.value.lower(),
                reference=reference,
                edits=card_edits(case, ("base_model_relation", shown.relation)) if shown.relation else (),
            )


class _Shown(Struct, frozen=True):
    """What the weights show in place of the stated relation: why, and the relation, where only one is left."""

    reason: str
    relation: str | None = None


def _shown_instead(stated: str, case: Case, reference: Reference) -> _Shown | None:
    """What the weights show where it cannot be the stated relation; None where it can."""
    kinds = _kinds(reference)
    quantised = "quantized" in kinds or _is_stored_quantised(case)
    if reference.relation == "identical" and stated in ("finetune", "merge", "adapter"):
        return _Shown(f"they are those of {reference.name}, unchanged")
    if stated == "adapter" and _ADAPTER_FILE not in case.subject.source.files:
        return _Shown("the repository holds a whole model, no adapter")
    if stated == "finetune" and quantised and not kinds & _TRAINING:
        return _Shown("they are quantised, and no training shows", "quantized")
    if stated == "quantized" and "lora-merged" in kinds and not quantised:
        return _Shown("a LoRA was merged into them, and rounding is of no low rank")
    if stated in ("finetune", "quantized", "adapter") and "merged" in kinds:
        return _Shown("several models were merged in them", "merge")
    return None


def _kinds(reference: Reference) -> frozenset[OperationKind]:
    report = reference.report
    return frozenset(operation.kind for operation in report.verdict.operations) if report else frozenset()


def _operations(reference: Reference) -> tuple[str, ...]:
    report = reference.report
    operations = report.verdict.operations if report else ()
    return tuple(f"{operation.kind}: {operation.detail}" for operation in operations)


def _is_stored_quantised(case: Case) -> bool:
    checkpoint = case.subject.checkpoint
    if checkpoint is None:
        return False
    return bool(checkpoint.config.text("quantization")) or any(tensor.quantization for tensor in checkpoint.tensors)


RULES = (
    Rule(
        "LA103",
        "relation-misstated",
        "base_model_relation does not describe what was done to the weights",
        "warning",
        "Holds base_model_relation (finetune, adapter, merge, quantized) against the operations found between base "
        "and weights. State the relation that they show.",
        _misstated,
    ),
)
