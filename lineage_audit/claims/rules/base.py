"""What a rule is: an id, a severity, words for people, and a function from a case to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from lineage_audit.claims.case import Case, Debt
from lineage_audit.claims.derivation import Tie
from lineage_audit.claims.references import Reference
from lineage_audit.claims.stated_licence import place_of
from lineage_audit.comparison.siblings import SharedChange
from lineage_audit.results import ClaimRecord, Edit, Level, Location, Scalar


class Draft(Struct, frozen=True):
    """A finding before the engine gives it rule, severity, digests and fingerprint.

    Attributes:
        message: one sentence, "... is inconsistent with ...".
        evidence: what it rests on, one line each.
        fix: what to do, one sentence.
        location: where to show it.
        about: what tells two findings of one rule about one reference apart: a licence key, a claim.
        reference: the base in question, or None.
        base: its name, where it is no reference.
        level: severity, where it is not the rule's own.
        properties: facts for machines.
        edits: the fix, where a machine can write it.
    """

    message: str
    evidence: tuple[str, ...]
    fix: str
    location: Location
    about: str = ""
    reference: Reference | None = None
    base: str | None = None
    level: Level | None = None
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()


class Rule(Struct, frozen=True):
    """One rule.

    Attributes:
        rule_id: stable id.
        name: stable name in words.
        title: one short sentence.
        level: default severity.
        help: what it checks and how to fix it.
        find: what it finds in a case.
        is_unchecked: its findings say that something could not be checked, not that something does not fit.
    """

    rule_id: str
    name: str
    title: str
    level: Level
    help: str
    find: Callable[[Case], Iterable[Draft]]
    is_unchecked: bool = False


def quoted(record: ClaimRecord) -> str:
    """A claim with its place, as a line of evidence."""
    return f"{place_of(record)}: {record.quote or record.value}"


def weights_line(reference: Reference) -> str:
    """What the weights show of a reference, as a line of evidence."""
    return f"weights against {reference.name}: {reference.sentence}"


def order_properties(tie: Tie) -> dict[str, Scalar]:
    """Order and exclusion, for machines."""
    found: dict[str, Scalar] = {"order": tie.order.basis if tie.order else "not-shown"}
    if isinstance(tie.shared, SharedChange):
        found |= {"shared_change_slope": tie.shared.slope, "shared_change_error": tie.shared.error}
    return found


def card_edits(case: Case, *fields: tuple[str, str]) -> tuple[Edit, ...]:
    """Keys and values to write into the subject's card; nothing where it has none."""
    card = case.subject.card
    return tuple(Edit(card.file, field, value) for field, value in fields) if card is not None else ()


def licence_lines(case: Case, debt: Debt) -> tuple[str, ...]:
    """Both licences and the weights, as lines of evidence."""
    stated = case.licence.statement if case.licence else None
    declared = f"licence stated: {stated.stated} ({stated.basis})" if stated else "licence stated: none"
    return (weights_line(debt.reference), f"licence of {debt.origin}: {debt.licence.name}", declared)
