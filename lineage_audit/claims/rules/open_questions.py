"""Related weights of which it is not shown that one was made from the other: said as that, and nothing concluded."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.derivation import Tie
from lineage_audit.claims.references import Reference
from lineage_audit.claims.rules.base import Draft, Rule, order_properties, quoted, weights_line
from lineage_audit.claims.rules.bases import line_in_prose


def _order_not_shown(case: Case) -> Iterator[Draft]:
    for tie in case.of_standing("order-open"):
        name = tie.reference.name
        beyond = f", beyond {tie.base.name}," if tie.base else ""
        yield _draft(
            case,
            tie,
            message=(
                f"The weights{beyond} are related to those of {name}: one was made from the other, or both from a "
                "third. Which came first is not shown."
            ),
            fix=(
                f"If {name} is the earlier model, say so: --earlier, or dates of release in the policy. Declare what "
                "both were made from, if there is such a model."
            ),
        )


def _base_not_at_hand(case: Case) -> Iterator[Draft]:
    for tie in case.of_standing("base-open"):
        base = _called(tie.base) if tie.base else "the declared base"
        yield _draft(
            case,
            tie,
            message=(
                f"The weights are related to those of {tie.reference.name}, through {base} or otherwise: not shown."
            ),
            fix=_what_would_show(tie, base),
        )


def _partly_shared(case: Case) -> Iterator[Draft]:
    for tie in case.of_standing("partly"):
        assert tie.base is not None, "a part is measured from a base"
        yield _draft(
            case,
            tie,
            message=(
                f"Beyond {_called(tie.base)} the weights share part of the change of "
                f"{tie.reference.name}: merged with it, or trained alike. Which it is is not shown."
            ),
            fix=f"If {tie.reference.name} was merged in, add it to base_model.",
        )


def _through_base(case: Case) -> Iterator[Draft]:
    for tie in case.of_standing("through-base"):
        assert tie.base is not None, "what is shared is measured from a base"
        name, base = tie.reference.name, tie.base.name
        yield _draft(
            case,
            tie,
            message=f"The weights are related to those of {name} through {base}, and no further.",
            fix=f"Nothing: {base} accounts for it.",
        )


def _declared_base_not_shown(case: Case) -> Iterator[Draft]:
    """A declared base that shares an origin with the weights: neither borne out nor excluded."""
    for tie in case.of_standing("declared"):
        claim = tie.reference.declared_by
        if claim is not None and tie.reference.relation == "shared-origin":
            yield Draft(
                message=(
                    f"The weights share an origin with the declared base {claim.value}; that they were made from it is "
                    "not shown."
                ),
                evidence=(quoted(claim), weights_line(tie.reference)),
                fix="Read more with --effort full; name in base_model whatever else the weights were made from.",
                location=case.place("base_model"),
                reference=tie.reference,
            )


def _what_would_show(tie: Tie, base: str) -> str:
    """What an auditor can do about it: the base is missing, or it is there and cannot be held beside the two."""
    if tie.base is not None and tie.base.is_related:
        return (
            "Give the weights of all three as they were published: fingerprints, and models whose units were moved, "
            "cannot be held beside a base."
        )
    return f"Give {base} where it can be read; if the reference is a copy of it, say so: --reference NAME=PATH."


def _called(base: Reference) -> str:
    """A base, and that the card declares it."""
    return f"the declared base {base.name}" if base.declared_by is not None else base.name


def _draft(case: Case, tie: Tie, *, message: str, fix: str) -> Draft:
    in_prose = line_in_prose(case, tie.reference)
    named = (f"{in_prose}: the card's prose names {tie.reference.name}",) if in_prose else ()
    return Draft(
        message=message,
        evidence=(weights_line(tie.reference), *tie.evidence, *named),
        fix=fix,
        location=case.place("base_model", "license"),
        reference=tie.reference,
        properties=order_properties(tie),
    )


RULES = (
    Rule(
        "LA107",
        "related-order-not-shown",
        "The weights are related to a reference, and nothing shows which came first",
        "warning",
        "One was made from the other, or both from a third. No licence follows from it. An order comes from the card, "
        "from --earlier, from dates of release in the policy, or from a host's dates.",
        _order_not_shown,
        is_unchecked=True,
    ),
    Rule(
        "LA108",
        "related-base-not-at-hand",
        "The weights are related to a reference, and a declared base that may account for it is not at hand",
        "warning",
        "Two fine-tunes of one base are related through it. Whether there is more between them is seen only beside the "
        "base. Give it, or say with --reference NAME=PATH which folder it is.",
        _base_not_at_hand,
        is_unchecked=True,
    ),
    Rule(
        "LA109",
        "partly-shared-beyond-base",
        "The weights share part of a reference's change of the declared base",
        "warning",
        "What the reference changed in the declared base is found in the subject in part: a merge looks like that, and "
        "so do two trainings on one corpus. Name the reference if it was merged in.",
        _partly_shared,
        is_unchecked=True,
    ),
    Rule(
        "LA110",
        "related-through-base",
        "The weights are related to a reference through the declared base alone",
        "note",
        "Subject and reference share the declared base, and little of what the reference changed in it.",
        _through_base,
    ),
    Rule(
        "LA912",
        "base-not-shown",
        "The weights share an origin with a declared base, and descent from it is not shown",
        "warning",
        "A base some of whose tensors are in the weights, or that had the same start, need not be what they were made "
        "from. The claim is neither borne out nor excluded, and no licence is concluded from it.",
        _declared_base_not_shown,
        is_unchecked=True,
    ),
)
