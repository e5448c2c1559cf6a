"""Verify a certificate: recompute its arithmetic, and with the models at hand derive everything anew by its rule.

What is stated counts for nothing: the number of alternatives, the seed and the null are those of the book, the bound
follows from the terms, and layers, rows, tokens and maps are compared with what the rule gives on the bytes at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from lineage_audit.certificate.book import ALTERNATIVES, BOOK, NULL
from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.certifying import certify_by, require_whole
from lineage_audit.certificate.derivation import Derivation
from lineage_audit.certificate.identity import ModelIdentity, identify_model, seed_of
from lineage_audit.certificate.statement import StatedCertificate
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import Verification, VerificationOutcome

TOLERANCE = 1e-6
"""By how much a stated cosine may differ from the one recomputed, on another processor."""

_BOUND_TOLERANCE = 1e-4

_ALWAYS_UNCHECKED = (
    "the names by which the certificate calls the two models: hashes alone pin them",
    "who made either model, when, and which was made from which: the bound says that they are not independent, and no "
    "more; whoever publishes one of them after the other can put the other's numbers into it",
    "that the training of at least one of them treats both signs of a unit alike, which the null supposes",
)

_UNCHECKED_WITH_MODELS = (
    "that these files are what their publishers published: compare the hashes with theirs; a configuration or a "
    "tokenizer that was altered gives other rows and tokens, and is pinned by its hash alone",
)

_UNCHECKED_WITHOUT = (
    "the models: not at hand, so that neither digests, rows, maps nor cosines were derived anew; true arithmetic can "
    "be had of any two models by who chooses rows after he has seen the signs",
)


class _Notes(Struct):
    """What was done and what does not hold, as it comes."""

    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def note(self, done: str, faults: Iterator[str]) -> None:
        """Take note of something done, or of what it found wrong."""
        found = list(faults)
        if found:
            self.refused += found
        else:
            self.done.append(done)


def verify_one_of(found: Sequence[StatedCertificate], a: Checkpoint | None, b: Checkpoint | None) -> Verification:
    """Verify the one certificate of a file, or of several the one that is of the models at hand.

    Args:
        found: the certificates.
        a: model A, if it is at hand.
        b: model B, if it is at hand.

    Raises:
        LineageAuditError: there are several, and none of them, or without a model no one alone, is meant.
    """
    if len(found) == 1:
        return verify_certificate(found[0], a, b)
    if a is None and b is None:
        raise LineageAuditError(f"the file holds {len(found)} certificates; name the models of the one that is meant")
    meant = [stated for stated in found if is_of(stated, a, b)]
    if not meant:
        raise LineageAuditError(f"none of the {len(found)} certificates of the file is of these models")
    verified = [verify_certificate(stated, a, b) for stated in meant]
    return next((one for one in verified if one.outcome == "verified"), verified[0])


def is_of(stated: StatedCertificate, a: Checkpoint | None, b: Checkpoint | None) -> bool:
    """Whether the models at hand are those that a certificate pins."""
    sides = ((stated.certificate.a, a), (stated.certificate.b, b))
    return not any(
        model is not None and any(_other_files("", identity, identify_model(model, identity.is_hashed)))
        for identity, model in sides
    )


def verify_certificate(stated: StatedCertificate, a: Checkpoint | None, b: Checkpoint | None) -> Verification:
    """Verify a certificate as far as the models at hand allow.

    Args:
        stated: the certificate.
        a: model A, if it is at hand.
        b: model B, if it is at hand.
    """
    notes, certificate = _Notes(), stated.certificate
    if certificate.rule not in BOOK:
        notes.refused.append(f"the rule {certificate.rule[:60]!r} is in no book of this version")
        return _concluded(stated, notes, "refused")
    _look_for_a_signature(notes, stated)
    notes.note("arithmetic: seed, bound and effect follow from what the certificate states", _arithmetic(stated))
    _hold_against_files(notes, stated, a, b)
    if a is not None and b is not None:
        _derive_anew(notes, certificate, a, b)
        return _concluded(stated, notes, "verified")
    if (model := a or b) is not None:
        _read_again(notes, certificate, model, "A" if a is not None else "B")
    notes.not_checked += _UNCHECKED_WITHOUT
    return _concluded(stated, notes, "arithmetic-only")


def _look_for_a_signature(notes: _Notes, stated: StatedCertificate) -> None:
    """Say who signed the certificate, where somebody was asked for."""
    if stated.signed_by is not None:
        notes.done.append(f"signature: sigstore's library verified that {stated.signed_by} signed the certificate")
    else:
        notes.not_checked.append("who wrote the certificate: no signer was asked for")


def _hold_against_files(notes: _Notes, stated: StatedCertificate, a: Checkpoint | None, b: Checkpoint | None) -> None:
    """Hold what pins the two models against those at hand."""
    certificate, found = stated.certificate, len(notes.refused)
    for side, identity, model in (("A", certificate.a, a), ("B", certificate.b, b)):
        if model is not None:
            at_hand = identify_model(model, identity.is_hashed)
            notes.note(f"model {side}: {_pinned(model, identity)}", _other_files(side, identity, at_hand))
    if len(notes.refused) > found and is_of(stated, b, a):
        notes.refused.append("the models at hand are those of the certificate, named the other way round")


def _derive_anew(notes: _Notes, certificate: Certificate, a: Checkpoint, b: Checkpoint) -> None:
    """Derive everything anew by the certificate's rule, unless it is refused already."""
    require_whole(a, b)
    notes.not_checked += _UNCHECKED_WITH_MODELS
    if not notes.refused:
        anew = certify_by(BOOK[certificate.rule], a, b, certificate.a, certificate.b)
        notes.note(_derived(certificate), _differences(certificate, anew))


def _read_again(notes: _Notes, certificate: Certificate, model: Checkpoint, side: str) -> None:
    """Read what the certificate says was read of the one model that is at hand."""
    rule, derivation = BOOK[certificate.rule], certificate.derivation
    said = derivation.of_a if side == "A" else derivation.of_b
    found = list(rule.read_again(model, rule.kind, said)) if said.units.size else []
    if found:
        other = f"model {side}: what the certificate says was read of it is not what stands there"
        done = f"model {side}: what the certificate says was read of it stands there"
        notes.note(done, iter(() if said.read in found else (other,)))
    else:
        notes.not_checked.append(f"what was read of model {side}: which it was is told only beside the other model")


def _concluded(stated: StatedCertificate, notes: _Notes, otherwise: VerificationOutcome) -> Verification:
    """What was found: refused for whatever was, or else as it is said."""
    certificate = stated.certificate
    exact = not notes.refused and certificate.grade == "exact"
    return Verification(
        outcome="refused" if notes.refused else otherwise,
        claim=_claim(certificate),
        done=tuple(notes.done),
        refused=tuple(notes.refused),
        not_checked=(*notes.not_checked, *_ALWAYS_UNCHECKED),
        log10_p=certificate.log10_p if exact else None,
        a=certificate.a.digest,
        b=certificate.b.digest,
    )


def _claim(certificate: Certificate) -> str:
    how = certificate.claim if certificate.rule in BOOK else "by an unknown rule"
    return f"{certificate.a.ref:.200} (A) and {certificate.b.ref:.200} (B) are not independent of each other: {how}"


def _pinned(model: Checkpoint, identity: ModelIdentity) -> str:
    """How a model at hand was pinned."""
    if not identity.is_hashed:
        return (
            "its tensors' names, types, shapes and places are those of the certificate, whose author hashed no weights"
        )
    return "its files have the hashes of the certificate" + (
        "" if model.source.is_local else ", as its host states them"
    )


def _arithmetic(stated: StatedCertificate) -> Iterator[str]:
    """What does not follow from what is stated."""
    said, certificate = stated.predicate, stated.certificate
    if not stated.subjects_fit:
        yield "the statement's subjects are not the files of the two models"
    if said.seed != seed_of(certificate.a.digest, certificate.b.digest):
        yield "the seed does not follow from the digests of the two models"
    if (said.a.digest, said.b.digest) != (certificate.a.digest, certificate.b.digest):
        yield "a digest does not follow from the files that are listed"
    if said.alternatives != ALTERNATIVES or said.null != NULL:
        yield f"the null or the number of alternatives is not that of the rule's book ({ALTERNATIVES})"
    if said.claim != certificate.claim:
        yield "the claim is not the one that the rule and its grade allow"
    if said.grade != certificate.grade:
        yield f"the terms do not reach the grade {said.grade!r:.20}"
    if said.grade == "exact" and not _near(said.log10_p, certificate.log10_p):
        yield f"the bound does not follow from the terms: log10 p is {certificate.log10_p:.3f}"
    if said.grade != "exact" and said.log10_p is not None:
        yield "sizes alone give no p-value"
    if not (_near(said.effect, certificate.effect) and _near(said.lead, certificate.match_margin)):
        yield "the mean cosine or the mean match margin does not follow from the terms"


def _near(stated: float | None, found: float) -> bool:
    return stated is not None and abs(stated - found) <= _BOUND_TOLERANCE


def _other_files(side: str, stated: ModelIdentity, at_hand: ModelIdentity) -> Iterator[str]:
    """What pins the model at hand otherwise than the certificate says."""
    ours = {file.name: file for file in at_hand.files}
    theirs = {file.name: file for file in stated.files}
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield f"model {side}: {name!r:.80} at hand is not the file that the certificate pins"
    if stated.headers != at_hand.headers:
        yield f"model {side}: the tensors at hand are not those that the certificate pins; another set (--weights)?"


def _derived(certificate: Certificate) -> str:
    found = certificate.derivation
    what = f"{len(found.units):,} units, {len(found.terms):,} random signs"
    tokens = f"{len(found.tokens):,} anchor tokens, " if len(found.tokens) else ""
    return (
        f"rule {certificate.rule}: layers, rows, {tokens}{what} derived anew from the seed without a sign, and every "
        f"cosine recomputed from {sum(found.weights):,} weights read"
    )


def _differences(stated: Certificate, anew: Certificate | None) -> Iterator[str]:
    """Where what the rule gives on the models at hand differs from what is stated."""
    if anew is None:
        yield "the rule does not apply to the models at hand"
        return
    for name, one, other in _columns(stated.derivation, anew.derivation):
        if one.shape != other.shape or not np.allclose(one, other, rtol=0.0, atol=TOLERANCE):
            yield f"{name} are not those that the rule gives on the models at hand"
    if stated.derivation.read != anew.derivation.read or stated.derivation.weights != anew.derivation.weights:
        yield "the values that were read are not those of the models at hand"
    if stated.derivation.layouts != anew.derivation.layouts:
        yield "the places of the units are not those in the models at hand"


def _columns(
    stated: Derivation, anew: Derivation
) -> Iterator[tuple[str, npt.NDArray[np.number], npt.NDArray[np.number]]]:
    yield "anchor tokens", stated.tokens, anew.tokens
    yield "layers, rows and matched units", stated.units, anew.units
    yield "coins", stated.random_signs, anew.random_signs
    yield "cosines", stated.cosines, anew.cosines
    yield "leads", stated.match_margins, anew.match_margins
