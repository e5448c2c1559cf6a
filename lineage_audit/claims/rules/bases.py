"""Base models: what the weights show against what the repository declares."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.names import bare, mentions, restates, same_model
from lineage_audit.claims.references import Reference
from lineage_audit.claims.rules.base import Draft, Rule, card_edits, order_properties, quoted, weights_line
from lineage_audit.results import ClaimRecord

_TELLING = re.compile(r"(?=.*[_-])[\w.-]{6,}|(?=.*\d)(?=.*[a-z])[\w.-]{4,}", re.ASCII)
"""Names that mean one model when they stand in prose; "model" or "base" would not."""

_TEACHING = re.compile(r"distil|teacher|student|蒸馏|蒸留", re.IGNORECASE)
"""Words by which a card says that a model learned from another one's outputs."""


def _undeclared_base(case: Case) -> Iterator[Draft]:
    for tie in () if case.statements.bases_unread else case.of_standing("base"):
        reference = tie.reference
        declared = tuple(quoted(record) for record in case.statements.declared)
        named = case.named_in_prose(reference)
        in_prose = None if named else line_in_prose(case, reference)
        evidence = [weights_line(reference), *tie.evidence, *declared]
        if named:
            evidence.append(quoted(named))
        if in_prose:
            evidence.append(f"{in_prose}: the card's prose names {reference.name}")
        if case.statements.loaded_from is not None:
            evidence.append(quoted(case.statements.loaded_from))
        yield Draft(
            message=f"{_silence(case, named)} is inconsistent with weights that derive from {reference.name}.",
            evidence=tuple(evidence),
            fix=f"Add {reference.name} to base_model in the card's front matter.",
            location=case.place("base_model", "license"),
            reference=reference,
            level="note" if named else "warning" if in_prose else None,
            properties=order_properties(tie),
            edits=card_edits(case, ("base_model", reference.name)),
        )


def _unsupported_base(case: Case) -> Iterator[Draft]:
    for reference in case.references:
        if reference.declared_by is not None and reference.relation == "independent" and reference.is_tied:
            taught = _line_of_teaching(case, reference)
            told = (f"{taught}: the card speaks of a teacher, and what a model learns from outputs leaves no trace",)
            yield Draft(
                message=(
                    f"The declared base {reference.declared_by.value} is inconsistent with the weights, "
                    "which are independent of it."
                ),
                evidence=(quoted(reference.declared_by), weights_line(reference), *(told if taught else ())),
                fix="Name the base that the weights were trained from, or drop base_model if there is none.",
                location=case.place("base_model"),
                reference=reference,
                level="warning" if taught else None,
            )


def _line_of_teaching(case: Case, reference: Reference) -> str | None:
    """Where the card says that it learned from the reference's outputs, or None."""
    card = case.subject.card
    if card is None:
        return None
    block = ""
    for number, line in enumerate(card.text.split("\n"), start=1):
        block = f"{block} {line}" if line.strip() else ""
        if _TEACHING.search(block) and bare(reference.name) in block.lower():
            return f"{card.file}:{number}"
    return None


def _scratch_contradicted(case: Case) -> Iterator[Draft]:
    claims = case.statements.of("from_scratch")
    for tie in case.of_standing("base") if claims and not case.statements.bases_unread else ():
        reference = tie.reference
        yield Draft(
            message=(
                f"The claim of training from scratch is inconsistent with weights that derive from {reference.name}."
            ),
            evidence=(*(quoted(claim) for claim in claims), weights_line(reference), *tie.evidence),
            fix=f"Withdraw the claim and name {reference.name} as base_model.",
            location=case.place("from_scratch"),
            reference=reference,
            properties=order_properties(tie),
        )


def _undeclared_parent(case: Case) -> Iterator[Draft]:
    declared = case.statements.declared
    for record in case.statements.merged:
        known = any(restates(record.value, other.value) for other in declared)
        itself = same_model(record.value, case.subject.name)
        if not known and not itself and _names_a_model(record.value):
            said = next((claim for claim in case.statements.prose if mentions(claim.value, record.value)), None)
            lacking = f"front matter that does not, though line {said.line} does" if said else "card that does not"
            yield Draft(
                message=f"The merge recipe's parent {record.value} is inconsistent with a {lacking} name it.",
                evidence=(quoted(record), *(quoted(other) for other in (*declared, *((said,) if said else ())))),
                fix=f"Add {record.value} to base_model in the card's front matter.",
                location=case.place("base_model"),
                about=bare(record.value),
                base=record.value,
                level="note" if said else None if declared else "warning",
                edits=card_edits(case, ("base_model", record.value)),
            )


def _undeclared_shared_origin(case: Case) -> Iterator[Draft]:
    for reference in (tie.reference for tie in case.of_standing("unrelated")):
        if reference.relation == "shared-origin" and reference.declared_by is None:
            yield Draft(
                message=(
                    f"The card's silence on {reference.name} is inconsistent with weights that share an origin with it."
                ),
                evidence=(weights_line(reference),),
                fix="Say in the card what the two models have in common: an initialisation, or a common ancestor.",
                location=case.place("base_model"),
                reference=reference,
            )


def _silence(case: Case, named: ClaimRecord | None) -> str:
    """What the card says instead of naming the base where machines look for it."""
    declared = case.statements.declared
    if declared:
        said = f"A front matter that names {', '.join(record.value for record in declared)} as base"
    else:
        said = "A front matter without a base model" if named else "A card that declares no base model"
    return f"{said}, though line {named.line} names {named.value}," if named else said


def line_in_prose(case: Case, reference: Reference) -> str | None:
    """Where the card's prose names the reference, or None."""
    card, name = case.subject.card, bare(reference.name)
    if card is None or not _TELLING.fullmatch(name):
        return None
    lines = enumerate(card.text.split("\n"), start=1)
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    return next((f"{card.file}:{number}" for number, line in lines if whole.search(line)), None)


def _names_a_model(name: str) -> bool:
    """Whether a recipe's entry is ``org/name``: a path on the author's disk names nobody."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


RULES = (
    Rule(
        "LA101",
        "undeclared-base",
        "The weights derive from a model that the card does not declare",
        "error",
        "Compares the weights with each reference. A relation with a p-value is reported where an order is shown (the "
        "reference is the earlier model) and no declared base accounts for what both share: a note where a sentence of "
        "the card names the model as its base, a warning where prose mentions it. Add the model to base_model.",
        _undeclared_base,
    ),
    Rule(
        "LA102",
        "unsupported-base",
        "A declared base is independent of the weights",
        "error",
        "Compares the weights with each declared base. Reported only where the tests had the power to find a relation "
        "and found none, and where the weights compared are those of the model that the card names (LA908 else). "
        "Correct base_model.",
        _unsupported_base,
    ),
    Rule(
        "LA104",
        "scratch-claim-contradicted",
        "The card claims training from scratch, the weights derive from another model",
        "error",
        "Quotes each sentence that claims training from scratch and holds it against the weights. Withdraw the "
        "claim and name the base.",
        _scratch_contradicted,
    ),
    Rule(
        "LA105",
        "undeclared-merge-parent",
        "A merge recipe names a parent that the card does not declare",
        "error",
        "Compares the models of the merge recipe in the repository with base_model. Name all parents.",
        _undeclared_parent,
    ),
    Rule(
        "LA106",
        "undeclared-shared-origin",
        "The weights share an origin with a model that the card does not mention",
        "warning",
        "The weights are not independent, yet neither model need be the other's base: one initialisation, or a common "
        "ancestor that both left far behind. Say so in the card.",
        _undeclared_shared_origin,
        is_unchecked=True,
    ),
)
