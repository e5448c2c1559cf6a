"""The card itself: what of it could not be read, and a base that is no other model."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.names import is_itself
from lineage_audit.claims.rules.base import Draft, Rule, quoted
from lineage_audit.results import Location


def _unread(case: Case) -> Iterator[Draft]:
    """What could not be read is not undeclared: nothing follows from it but that somebody must look."""
    for one in case.statements.unread:
        yield Draft(
            message=f"The card's {one.part} could not be read, so that what it declares was not checked.",
            evidence=(f"{one.file}:{one.line} {one.part}: {one.reason}",),
            fix="Write it as YAML between two lines of ---, with base_model as a name or a list of names.",
            location=Location(one.file, one.line),
            about=one.part,
        )


def _base_is_itself(case: Case) -> Iterator[Draft]:
    """A model is no base of its own."""
    for record in case.statements.declared:
        if record.standing == "front matter" and is_itself(record.value, case.subject.name):
            yield Draft(
                message=f"The declared base {record.value} is inconsistent with a base: it is the model itself.",
                evidence=(quoted(record),),
                fix="Name the model that this one was made from, or drop base_model if there is none.",
                location=case.place("base_model"),
                about=record.value.lower(),
            )


RULES = (
    Rule(
        "LA307",
        "base-is-itself",
        "The card names the model as its own base",
        "warning",
        "A base_model that is the repository itself declares nothing, and is held against nothing. Name the base.",
        _base_is_itself,
    ),
    Rule(
        "LA910",
        "card-unread",
        "The card could not be read",
        "warning",
        "Front matter that is no YAML or is not closed, or a base_model that is no name, could declare anything: the "
        "bases are then not called undeclared. Correct the place that the finding names.",
        _unread,
        is_unchecked=True,
    ),
)
