"""Certificates in the place of declared bases that are not at hand: what they bear out, and why they show nothing."""

from __future__ import annotations

from collections.abc import Iterator

from lineage_audit.claims.case import Case
from lineage_audit.claims.certified import Accepted, NotAccepted
from lineage_audit.claims.rules.base import Draft, Rule, quoted


def _borne_out(case: Case) -> Iterator[Draft]:
    for reference in case.references:
        found, claim = reference.certificate, reference.declared_by
        if isinstance(found, Accepted) and claim is not None:
            yield Draft(
                message=(
                    f"The declared base {claim.value} is not at hand; a certificate shows that the weights are not "
                    "independent of it, on the word of whoever had both."
                ),
                evidence=(quoted(claim), *found.lines),
                fix="Nothing. To have the two compared here, give the base where it can be read.",
                location=case.place("base_model"),
                about=found.file,
                reference=reference,
            )


def _not_accepted(case: Case) -> Iterator[Draft]:
    for reference in case.references:
        found = reference.certificate
        if isinstance(found, NotAccepted):
            yield Draft(
                message=f"The certificate {found.file} shows nothing here of the declared base {reference.name}.",
                evidence=found.reasons,
                fix="Give one that somebody you trust made with both models, or the base itself.",
                location=case.place("base_model"),
                about=found.file,
                reference=reference,
            )


RULES = (
    Rule(
        "LA111",
        "base-certified",
        "A declared base that is not at hand is borne out by a certificate",
        "note",
        "The certificate is of the subject's very files and tied to the declared base, and someone vouches for it: a "
        "signer whom you name, or the policy. The base's own numbers were not read.",
        _borne_out,
    ),
    Rule(
        "LA911",
        "certificate-not-accepted",
        "A certificate about a declared base shows nothing here",
        "warning",
        "Without the base at hand a certificate stands on the word of whoever had both models. It has to be of the "
        "subject's very files, tied to the declared base by more than a name, and vouched for by a signer whom you "
        "name or by its hash in the policy.",
        _not_accepted,
        is_unchecked=True,
    ),
)
