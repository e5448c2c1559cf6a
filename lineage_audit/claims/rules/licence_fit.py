"""The stated licence against the licences of the bases that the weights show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from lineage_audit.claims.case import Case, Debt
from lineage_audit.claims.licences import Licence, card_fields
from lineage_audit.claims.rules.base import Draft, Rule, card_edits, licence_lines
from lineage_audit.claims.stated_licence import StatedLicence

_Misfit = Literal["incompatible", "non-commercial", "restrictions", "no-derivatives"]


def misfit_of(stated: StatedLicence | None, base: Licence, *, unchanged: bool = False) -> _Misfit | None:
    """How a stated licence fails to fit a base's: one that stands in several places, in any of them.

    Args:
        stated: the derivative's licence.
        base: the base's licence.
        unchanged: the weights are the base's own, so that nothing was adapted.

    Returns:
        The first misfit; None where it fits, or is not known.
    """
    for choice in stated.choices if stated else ():
        misfits = [_misfit(option, base, unchanged) for option in choice]
        if None not in misfits:
            return misfits[0]
    return None


def _is_non_commercial(licence: Licence) -> bool:
    """Whether a licence allows no commercial use."""
    return licence.licence_class == "non-commercial" or "-NC-" in licence.spdx


def _misfit(option: Licence, base: Licence, unchanged: bool) -> _Misfit | None:
    if not option.terms_are_known:
        return None
    if option.key == base.key or base.refines == option.key:
        return None if unchanged or base.licence_class != "no-derivatives" else "no-derivatives"
    if base.licence_class == "no-derivatives":
        return "incompatible" if unchanged else "no-derivatives"
    if _is_non_commercial(base) and not _is_non_commercial(option):
        return "non-commercial"
    if base.share_alike is not None and option.key not in base.share_alike:
        return "incompatible"
    if base.licence_class == "use-restricted" and option.licence_class in ("permissive", "copyleft"):
        return "restrictions"
    return None


def _finder(kind: _Misfit, why: str, fix: str) -> Callable[[Case], Iterator[Draft]]:
    """The function that reports one kind of misfit."""

    def find(case: Case) -> Iterator[Draft]:
        for debt in case.debts:
            unchanged = debt.reference.relation == "identical"
            if case.licence is not None and misfit_of(case.licence, debt.licence, unchanged=unchanged) == kind:
                yield _draft(case, debt, case.licence, why, fix)

    return find


def _draft(case: Case, debt: Debt, stated: StatedLicence, why: str, fix: str) -> Draft:
    contested = (f"note: {debt.licence.contested}",) if debt.licence.contested else ()
    return Draft(
        message=(
            f"The stated licence {stated.statement.stated} is inconsistent with the {debt.licence.name} "
            f"of {debt.origin}, {why}."
        ),
        evidence=(*licence_lines(case, debt), f"terms: {debt.licence.source}", *contested),
        fix=fix.format(licence=debt.licence.name),
        location=case.place("license"),
        about=debt.licence.key,
        reference=debt.reference,
        properties={"base_licence": debt.licence.key, "stated_licence": stated.statement.key},
        edits=() if debt.licence.licence_class == "no-derivatives" else card_edits(case, *card_fields(debt.licence)),
    )


RULES = (
    Rule(
        "LA201",
        "licence-incompatible",
        "The base's licence asks derivatives to keep it, the card states another",
        "error",
        "Share-alike and copyleft bases pass their licence on. State the base's licence, or one that it lists as "
        "compatible.",
        _finder("incompatible", "which derivatives must keep", "State {licence}, or one that it names as compatible."),
    ),
    Rule(
        "LA202",
        "non-commercial-relabelled",
        "A derivative of a non-commercial base is labelled for commercial use",
        "error",
        "A derivative of a non-commercial base stays non-commercial. State the base's licence.",
        _finder(
            "non-commercial",
            "which allows no commercial use",
            "State {licence}, or other terms without commercial use.",
        ),
    ),
    Rule(
        "LA203",
        "use-restrictions-relabelled",
        "A derivative of a use-restricted base carries a permissive or copyleft label",
        "error",
        "Licences such as Llama's, Gemma's and the RAIL family restrict use, and the restrictions travel with every "
        "derivative. A label such as apache-2.0 promises more than the base allows. State the base's licence.",
        _finder(
            "restrictions",
            "whose use restrictions such a label leaves out",
            "State {licence} (license: other with license_name where the Hub has no id for it).",
        ),
    ),
    Rule(
        "LA204",
        "no-derivatives",
        "The base's licence lets no adaptation be shared",
        "error",
        "A no-derivatives licence allows copies alone. Ask the base's authors for permission, and allow this finding "
        "with it as the reason.",
        _finder(
            "no-derivatives",
            "which lets no adaptation be shared",
            "Ask the authors of the base for permission; then allow this finding in the policy, with the reason.",
        ),
    ),
)
