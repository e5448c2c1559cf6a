"""Claims held against each other, from the repository's words alone.

Nothing here rests on weights. These findings are warnings and notes: they say that two statements of one repository do
not fit, or what a base that only words name would ask for.
"""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.licences import licence_called, licence_of_model
from lineage_audit.claims.names import bare, restates
from lineage_audit.claims.rules.base import Draft, Rule, quoted
from lineage_audit.claims.rules.licence_fit import misfit_of
from lineage_audit.claims.rules.obligations import OBLIGATIONS
from lineage_audit.claims.stated_licence import place_of
from lineage_audit.claims.statements import NamedBase
from lineage_audit.results import Location


def _bases_against_each_other(case: Case) -> Iterator[Draft]:
    """What the configuration or the adapter was made from, against the card's bases and licence."""
    declared = [record for record in case.statements.declared if record.standing != "adapter"]
    adapter = next((record for record in case.statements.declared if record.standing == "adapter"), None)
    if adapter is not None and declared and not any(restates(adapter.value, record.value) for record in declared):
        yield Draft(
            message=f"The declared base {declared[0].value} is inconsistent with {adapter.value} in {adapter.file}.",
            evidence=(*map(quoted, declared), quoted(adapter)),
            fix="Name the base that the adapter was trained on in both places.",
            location=case.place("base_model"),
            about=bare(adapter.value),
        )
    origin = case.statements.loaded_from
    inside = licence_of_model(origin.value) if origin is not None else None
    if origin is None or inside is None:
        return
    for place, value, key in _versions_claimed(case):
        if key != inside.key and _is_other_version(key, inside.key):
            yield Draft(
                message=(
                    f"The card's {value} is inconsistent with {origin.value}, which the configuration was loaded from."
                ),
                evidence=(f"{place}: {value}", quoted(origin)),
                fix="Name the model and the licence version that the weights were really loaded from.",
                location=case.place("base_model" if "base_model" in place else "license"),
                about=inside.key,
                properties={"claimed_licence": key, "config_licence": inside.key},
            )
            return


def _versions_claimed(case: Case) -> Iterator[tuple[str, str, str]]:
    """Place, words and licence key of what the card says it is: its bases first, then its licence."""
    for record in case.statements.declared:
        licence = licence_of_model(record.value)
        if licence is not None:
            yield place_of(record), record.value, licence.key
    for label in case.statements.of("license"):
        licence = licence_called(label.value)
        if licence is not None and licence.names:
            yield place_of(label), f"licence {label.value}", licence.key
    for base in case.statements.named:
        if base.record.standing == "prose" and base.licence is not None:
            yield place_of(base.record), f"sentence on {base.name}", base.licence.key


def _is_other_version(one: str, other: str) -> bool:
    """Whether two licence keys are versions of one family: llama3 and llama3.1, gemma and gemma-4."""
    return one.rstrip("0123456789.-") == other.rstrip("0123456789.-")


def _label_against_named_base(case: Case) -> Iterator[Draft]:
    """The licence label against the licence of a base that only the repository's words name."""
    for base in case.unverified:
        if case.licence is not None and base.licence is not None and misfit_of(case.licence, base.licence):
            stated = case.licence.statement
            yield Draft(
                message=(
                    f"The stated licence {stated.stated} is inconsistent with the {base.licence.name} "
                    f"of {base.name}, which {base.said_by} names as its origin."
                ),
                evidence=(_said(base), f"{stated.basis}: {stated.stated}", f"terms: {base.licence.source}"),
                fix=f"State {base.licence.name}, or correct what is said of the origin.",
                location=_where(case, base),
                about=base.licence.key,
                base=base.name,
                properties={"base_licence": base.licence.key, "stated_licence": stated.key},
            )


def _named_base_obligations(case: Case) -> Iterator[Draft]:
    """What a base that only words name would ask for."""
    for base in case.unverified:
        if base.licence is None:
            continue
        checks = (missing(case, base.licence, None) for missing in OBLIGATIONS.values())
        lacking = tuple(f"missing: {found}" for found in checks if found)
        if lacking:
            yield Draft(
                message=(
                    f"{base.name} is named as an origin by {base.said_by}; what the repository shows is inconsistent "
                    f"with the {base.licence.name}, if the weights bear that out."
                ),
                evidence=(_said(base), *lacking, f"terms: {base.licence.source}"),
                fix="Add what is missing; give the base with --reference to have the weights checked.",
                location=_where(case, base),
                about=base.licence.key,
                base=base.name,
                properties={"base_licence": base.licence.key},
            )


def _scratch_beside_base(case: Case) -> Iterator[Draft]:
    """A claim of training from scratch on a card that declares a base."""
    declared, claims = case.statements.declared, case.statements.of("from_scratch")
    if declared and claims and not case.undeclared:
        yield Draft(
            message=f"The claim of training from scratch is inconsistent with the declared base {declared[0].value}.",
            evidence=(*map(quoted, claims), *map(quoted, declared)),
            fix="If the sentence speaks of the base, let it say so; else correct base_model.",
            location=case.place("from_scratch"),
        )


def _said(base: NamedBase) -> str:
    """The claim with its place, and with its repository where that is another one."""
    return f"{base.through}, {quoted(base.record)}" if base.through else quoted(base.record)


def _where(case: Case, base: NamedBase) -> Location:
    """The claim's own line, where it stands in the repository."""
    record = base.record
    if not base.through and record.file in case.subject.source.files and record.line is not None:
        return Location(record.file, record.line)
    return case.place("base_model" if base.through else "license")


RULES = (
    Rule(
        "LA302",
        "bases-contradict",
        "The card and another file name different bases or versions",
        "warning",
        "Compares the card's bases and licence version with the configuration's origin, the adapter's base and the "
        "recipe: a card that says Llama 3.1 over a configuration that says 3. Correct the wrong one.",
        _bases_against_each_other,
    ),
    Rule(
        "LA303",
        "label-against-named-base",
        "The licence label does not fit a base that the repository's own words name",
        "warning",
        "From words alone: the card's prose, base_model or configuration names a model under a known licence, which "
        "the label does not fit; or the card of one of the subject's bases does so in prose. Where the weights show "
        "the base, LA201 to LA204 speak instead.",
        _label_against_named_base,
    ),
    Rule(
        "LA304",
        "scratch-claim-beside-base",
        "A from-scratch claim stands beside a declared base",
        "note",
        "The sentence may speak of the base. Let it say so.",
        _scratch_beside_base,
    ),
    Rule(
        "LA306",
        "named-base-obligations",
        "A base that only words name asks for what the repository does not show",
        "note",
        "Lists the copy, notice, attribution, name or statement that the licence of a named base asks for. Where the "
        "weights show the base, LA211 to LA216 speak instead.",
        _named_base_obligations,
    ),
)
