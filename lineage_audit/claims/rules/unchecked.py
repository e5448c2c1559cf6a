"""What could not be checked. It never passes silently: the check is then inconclusive, or what the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.claims.case import Case, unknown_licences
from lineage_audit.claims.rules.base import Draft, Rule, quoted, weights_line
from lineage_audit.claims.rules.licence_fit import misfit_of
from lineage_audit.comparison.verdict.thresholds import CHECKS
from lineage_audit.sizes import plural


def _subject_weights(case: Case) -> Iterator[Draft]:
    if case.subject.obstacle is not None:
        yield Draft(
            message="The weights could not be read, and no claim was held against them.",
            evidence=(case.subject.obstacle,),
            fix="Give a folder or repository whose weights are there; fetch them if they are Git LFS pointers.",
            location=case.place("base_model", "license"),
            about="weights",
        )


def _subject_parts(case: Case) -> Iterator[Draft]:
    """What the comparisons left out could be anybody's."""
    checkpoint = case.subject.checkpoint
    if checkpoint is None or not case.is_held_against_something:
        return
    for left in checkpoint.unsettled:
        yield Draft(
            message="Weights that are in the repository, or should be, were not read.",
            evidence=(left.sentence,),
            fix="Check what was left out by itself, or take it out of the repository.",
            location=case.place("base_model", "license"),
            about=left.sentence,
        )
    unread = [tensor for tensor in checkpoint.tensors if not is_readable(tensor)]
    share = sum(tensor.size for tensor in unread) / max(1, checkpoint.parameters)
    if share > CHECKS.unread_share:
        yield Draft(
            message=f"{share:.1%} of the subject's parameters are stored in a type that cannot be read.",
            evidence=(f"{len(unread):,} tensors, the first of type {unread[0].dtype}: {unread[0].name[:100]}",),
            fix="Give a version of the model in a type that is read; the list is in docs/formats.md.",
            location=case.place("base_model", "license"),
            about="types",
        )
    for reference in case.references:
        count = reference.report.parameters.get("weights_not_finite", 0) if reference.report else 0
        if isinstance(count, int) and count > CHECKS.unread_share * checkpoint.parameters:
            yield Draft(
                message=f"{count:,} weights are NaN, infinite or absurdly large in one of the models compared.",
                evidence=(weights_line(reference),),
                fix="Give a sound version of the model: these weights were left out of the comparison.",
                location=case.place("base_model", "license"),
                about="numbers",
                reference=reference,
            )


def _comparison(case: Case) -> Iterator[Draft]:
    for reference in case.references:
        is_shown = reference.report is not None or reference.is_certified
        unread = reference.repository is not None and not is_shown and case.subject.obstacle is None
        if unread or reference.relation == "inconclusive":
            yield Draft(
                message=f"The weights could not be checked against {reference.name}.",
                evidence=(weights_line(reference),),
                fix="Give a version of the reference whose weights can be read, or compare with --effort full.",
                location=case.place("base_model", "license"),
                reference=reference,
            )


def _unavailable(case: Case) -> Iterator[Draft]:
    for reference in case.references:
        if reference.repository is None and not reference.is_certified:
            yield Draft(
                message=f"The declared base {reference.ref} could not be fetched and was not checked.",
                evidence=(str(reference.reason),),
                fix="Give the base with --reference as a local folder, or correct its name in the card.",
                location=case.place("base_model"),
                reference=reference,
            )


def _untied(case: Case) -> Iterator[Draft]:
    """A folder that is said to be the declared base, and is independent: of the base, or not the base at all."""
    for reference in case.references:
        claim = reference.declared_by
        if claim is not None and reference.relation == "independent" and not reference.is_tied:
            yield Draft(
                message=f"The declared base {claim.value} was not verified: what was given for it is independent.",
                evidence=(quoted(claim), weights_line(reference), f"given as {claim.value}: {reference.ref}"),
                fix=f"Give {claim.value} as its publisher has it: by its Hub id, or from the Hub's cache.",
                location=case.place("base_model"),
                reference=reference,
            )


def _no_reference(case: Case) -> Iterator[Draft]:
    if not case.is_held_against_something and case.subject.obstacle is None:
        yield Draft(
            message="No reference was given and the card declares no base: no claim was held against the weights.",
            evidence=("references: none",),
            fix="Name the models that it might derive from with --reference or in the policy.",
            location=case.place("base_model", "license"),
            about="references",
        )


def _library(case: Case) -> Iterator[Draft]:
    """A library none of whose models could be told from the subject."""
    search = case.library
    if search is not None and search.models and not search.related and search.detection_limit is None:
        yield Draft(
            message=f"The subject could not be told from any of the {plural(search.models, 'model')} of the library.",
            evidence=(f"{search.library}: {search.summary}",),
            fix="Use a library with models of the subject's shape, made by this version of the tool.",
            location=case.place("base_model", "license"),
            about="library",
        )


def _own_licence(case: Case) -> Iterator[Draft]:
    """The subject's licence matters where a base has one that it must fit."""
    stated = case.licence
    owed = (*(debt.origin for debt in case.debts), *(base.name for base in case.unverified))
    if not owed or (stated is not None and stated.is_known) or (stated is None and case.statements.licence_unread):
        return
    said = stated.unknown if stated else ("no licence is stated",)
    nowhere = "no license in the card, and no licence text recognised"
    yield Draft(
        message=f"Whether the licence fits that of {owed[0]} could not be checked: {said[0]}.",
        evidence=(stated.statement.basis if stated else nowhere, *said[1:]),
        fix="State a licence by its Hub or SPDX id, or add its text as a file; or state it in the policy.",
        location=case.place("license"),
        about="stated",
    )


def _base_licence(case: Case) -> Iterator[Draft]:
    for reference in case.bases:
        if reference.declared_by is None and reference not in case.undeclared:
            continue
        for name, reasons in groupby(unknown_licences(reference), key=itemgetter(0)):
            yield Draft(
                message=f"The licence of {name} could not be worked out, so that not all of its terms were checked.",
                evidence=(weights_line(reference), *(f"{name}: {why}" for _, why in reasons)),
                fix="Look the licence up; then allow this finding in the policy, with the reason.",
                location=case.place("base_model", "license"),
                about=name,
                reference=reference,
            )


def _licence_behind_a_base(case: Case) -> Iterator[Draft]:
    """A base whose label the stated licence fits, and whose words name an origin that it does not fit."""
    for base in case.unverified:
        if base.through and base.licence and case.licence and misfit_of(case.licence, base.licence):
            yield Draft(
                message=(
                    f"Whether the licence fits could not be checked: the card of {base.through} says that it was made "
                    f"from {base.name}, in words that no metadata states."
                ),
                evidence=(f"{base.through}, {quoted(base.record)}", f"terms: {base.licence.source}"),
                fix=f"State {base.licence.name}; or look up what {base.through} was made from, and allow this finding.",
                location=case.place("base_model", "license"),
                about=f"{base.through} {base.licence.key}",
                base=base.through,
            )


def _licences(case: Case) -> Iterator[Draft]:
    yield from _own_licence(case)
    yield from _base_licence(case)
    yield from _licence_behind_a_base(case)


def _expired(case: Case) -> Iterator[Draft]:
    for entry in case.expired:
        file = case.policy.file.name if case.policy.file else "policy"
        yield Draft(
            message=f"The policy's allowance for {entry.rule} expired on {entry.expires} and no longer holds.",
            evidence=(f"{file}:{entry.line}: {entry.reason}",),
            fix="Renew the allowance with a reason, or remove it.",
            location=case.place("license"),
            about=f"{entry.rule} {entry.line}",
            base=entry.reference,
        )


NO_REFERENCE = "LA904"
"""The rule that speaks where there was nothing to check, rather than something that could not be checked."""

RULES = (
    Rule(
        "LA901",
        "weights-unread",
        "The subject's weights could not be read",
        "warning",
        "Only the repository's words were checked. Give a version with readable weights.",
        _subject_weights,
        is_unchecked=True,
    ),
    Rule(
        "LA902",
        "licence-unknown",
        "A licence could not be worked out",
        "warning",
        "The subject's licence, or that of a base, is not stated or not known, so that it was not compared; or a "
        "base's card names in prose an origin under another licence. State the licence by its Hub or SPDX id.",
        _licences,
        is_unchecked=True,
    ),
    Rule(
        "LA903",
        "base-unavailable",
        "A declared base could not be fetched",
        "warning",
        "The card names a base that is no repository, or one that cannot be read from here. Give it as a folder.",
        _unavailable,
        is_unchecked=True,
    ),
    Rule(
        NO_REFERENCE,
        "no-reference",
        "There was nothing to hold the weights against",
        "warning",
        "Without a reference the weights say nothing, and the check neither passes nor fails. Name suspected bases.",
        _no_reference,
        is_unchecked=True,
    ),
    Rule(
        "LA905",
        "comparison-inconclusive",
        "The weights could not be compared with a reference",
        "warning",
        "The reference's weights could not be read, or the comparison had too little power. Read more, or give another "
        "version.",
        _comparison,
        is_unchecked=True,
    ),
    Rule(
        "LA906",
        "allowance-expired",
        "An allowance of the policy has expired",
        "note",
        "An expired allowance suppresses nothing. Renew or remove it.",
        _expired,
    ),
    Rule(
        "LA907",
        "weights-partly-unread",
        "Part of the subject's weights could not be read as numbers",
        "warning",
        "Tensors of a type or scheme that is not read, weights that are NaN or infinite, other weight files and sets "
        "of weights beside those that were read, and missing layers are left out of every comparison: what they "
        "hold is not known. Give a sound version in a common type, and check other weights by themselves.",
        _subject_parts,
        is_unchecked=True,
    ),
    Rule(
        "LA908",
        "base-not-verified",
        "What was given as a declared base is independent, and nothing ties it to that base",
        "warning",
        "A folder's name does not say whose weights it holds. Independent weights in it leave the claim unverified, "
        "not false. Give the base by its Hub id, or from the Hub's cache.",
        _untied,
        is_unchecked=True,
    ),
    Rule(
        "LA909",
        "library-not-compared",
        "No model of the library could be compared with the subject",
        "warning",
        "A library whose fingerprints have other shapes, or too little power, says nothing of the subject. Use one "
        "with models of its kind.",
        _library,
        is_unchecked=True,
    ),
)
