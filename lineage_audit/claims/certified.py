"""A certificate in the place of a declared base that is not at hand: what it may stand for, and on whose word.

With one model alone nobody derives a certificate's terms anew, and true arithmetic can be had of any two models. So
three things are asked for: that it is of the subject's very files and of what stands in them; that its other model is
tied to the declared base by more than a name; and that somebody whose word counts vouches for having had both: a
signer whom the auditor names, or the auditor, whose policy holds the certificate's hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from lineage_audit.certificate import (
    NotSignedError,
    Signer,
    StatedCertificate,
    is_of,
    read_certificates,
    required_signer,
    verify_certificate,
)
from lineage_audit.certificate.identity import ModelIdentity
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.base import SourceFile
from lineage_audit.claims.declared import open_declared
from lineage_audit.claims.given import given_reference
from lineage_audit.claims.names import HUB_ID, hub_name, restates, same_model
from lineage_audit.claims.policy import Policy
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import CertificateGiven, Grade, Verification


class GivenCertificate(Struct, frozen=True):
    """A certificate as the auditor gives it.

    Attributes:
        file: where it is.
        base: the declared base that its other model is said to be, or None.
        signer: who must have signed it, or None.
        sha256: the hash by which the policy vouches for it, or None.
        reason: why the policy does.
    """

    file: Path
    base: str | None = None
    signer: Signer | None = None
    sha256: str | None = None
    reason: str | None = None

    @property
    def summary(self) -> CertificateGiven:
        """What was given, as a report says it."""
        if self.signer is None:
            return CertificateGiven(str(self.file), self.base)
        trust = str(self.signer.trust) if self.signer.trust else None
        return CertificateGiven(str(self.file), self.base, self.signer.identity, self.signer.issuer, trust)


class OpenedCertificate(Struct, frozen=True):
    """One certificate of a file that was given.

    Attributes:
        given: the file.
        stated: the certificate.
        word: who vouches for it, as a sentence; None where nobody whose word counts does.
        objection: why not.
    """

    given: GivenCertificate
    stated: StatedCertificate
    word: str | None
    objection: str = ""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return self.given.file.name


class Accepted(Struct, frozen=True):
    """A certificate that bears out a declared base.

    Attributes:
        file: its file's name.
        grade: what it stands on.
        log10_p: upper bound of log10 p; None for a calibrated one.
        lines: who vouches, what ties it to the base, what was verified and what could not be, a line each.
    """

    file: str
    grade: Grade
    log10_p: float | None
    lines: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What it shows of subject and reference."""
        how = "by sizes alone" if self.log10_p is None else f"p ≤ 10^{self.log10_p:.0f}"
        return f"Not compared: the certificate {self.file} shows that the weights are not independent ({how})."


class NotAccepted(Struct, frozen=True):
    """A certificate about a declared base that shows nothing here, and why, a line each."""

    file: str
    reasons: tuple[str, ...]


def given_certificate(text: str, signer: Signer | None = None) -> GivenCertificate:
    """Read ``FILE``, or ``NAME=FILE``, which says which declared base the other model of the certificate is."""
    named = given_reference(text)
    return GivenCertificate(Path(named.ref), named.name, signer)


def certificates_of(policy: Policy) -> Iterator[GivenCertificate]:
    """The certificates that a policy believes."""
    for one in policy.certificates:
        signer = required_signer(one.identity, one.issuer)
        sha256 = one.sha256.lower() if one.sha256 else None
        yield GivenCertificate(one.file, one.base, signer, sha256, one.reason)


def open_certificates(given: Sequence[GivenCertificate]) -> tuple[OpenedCertificate, ...]:
    """Read every certificate that was given.

    Raises:
        LineageAuditError: a file cannot be read or holds no certificate, or sigstore's library is needed and missing.
    """
    return tuple(one for file in given for one in _opened(file))


def _opened(given: GivenCertificate) -> Iterator[OpenedCertificate]:
    unsigned = ""
    try:
        found = read_certificates(given.file, given.signer)
    except NotSignedError as error:
        found, unsigned = read_certificates(given.file), str(error)
    for stated in found:
        word = None if unsigned else _word(given, stated)
        yield OpenedCertificate(given, stated, word, unsigned or _objection(given))


def _word(given: GivenCertificate, stated: StatedCertificate) -> str | None:
    """Who vouches for a certificate."""
    if given.signer is not None:
        return f"{given.signer.identity} (by {given.signer.issuer}) signed it, as sigstore's library verified"
    if given.sha256 is not None and given.sha256 == stated.sha256:
        return f"the policy vouches for it by its hash: {given.reason}"
    return None


def _objection(given: GivenCertificate) -> str:
    if given.sha256 is not None:
        return "its hash is not the one that the policy vouches for"
    return "nobody vouches for it: name who must have signed it (--identity, --issuer), or its hash in the policy"


def certificate_of(
    declared: str, beside: Path | None, subject: Checkpoint, opened: Sequence[OpenedCertificate]
) -> Accepted | NotAccepted | None:
    """What the certificates that were given show of a declared base that is not at hand; None where none is about it.

    Args:
        declared: the base as the card names it.
        beside: the subject's folder, or None for a subject that is not local.
        subject: the subject.
        opened: the certificates.
    """
    listed = _listing(declared, beside) if opened else {}
    sides = [(one, _other_side(one, subject)) for one in opened]
    judged = [
        _judged(one, other, declared, listed) if other is not None else NotAccepted(one.name, (_OTHER_FILES,))
        for one, other in sides
        if _is_about(one, other, declared, listed)
    ]
    return next((found for found in judged if isinstance(found, Accepted)), judged[0] if judged else None)


class _OtherSide(Struct, frozen=True):
    """The model of a certificate that is not the subject, and what became of verifying the subject's side."""

    identity: ModelIdentity
    verification: Verification


_Listing = Mapping[str, SourceFile]


def _listing(declared: str, beside: Path | None) -> _Listing:
    """The files of a base by its host, which may list what it does not hand out; none where it cannot be asked."""
    try:
        return open_declared(declared, beside).files
    except LineageAuditError:
        return {}


def _other_side(one: OpenedCertificate, subject: Checkpoint) -> _OtherSide | None:
    """The other model of a certificate; None where neither of its two is the subject."""
    certificate = one.stated.certificate
    if is_of(one.stated, None, subject):
        return _OtherSide(certificate.a, verify_certificate(one.stated, None, subject))
    if is_of(one.stated, subject, None):
        return _OtherSide(certificate.b, verify_certificate(one.stated, subject, None))
    return None


def _judged(one: OpenedCertificate, other: _OtherSide, declared: str, listed: _Listing) -> Accepted | NotAccepted:
    """Whether a certificate that is about a declared base, and of the subject, bears the base out."""
    tie, found, grade = _tie(one, other.identity, declared, listed), other.verification, one.stated.certificate.grade
    reasons = [*found.refused, *([] if one.word else [one.objection]), *([] if tie else [_NOT_TIED.format(declared)])]
    if reasons or grade is None:
        return NotAccepted(one.name, tuple(reasons))
    return Accepted(
        file=one.name,
        grade=grade,
        log10_p=found.log10_p,
        lines=(
            f"certificate {one.name}: {one.word}",
            f"its other model is {declared}: {tie}",
            *(f"verified: {line}" for line in found.done),
            *(f"not verified here: {line}" for line in _UNVERIFIED),
        ),
    )


_OTHER_FILES = "it is of other files than the subject's"
_NOT_TIED = (
    "nothing but a name ties its other model to {}: say that it is with NAME=FILE, or give one of a pinned revision"
)
_UNVERIFIED = (
    "the base's numbers and the terms of the sum, which take both models; they stand on that word",
    "which of the two was made from the other, if either was, and how",
)


def _is_about(one: OpenedCertificate, other: _OtherSide | None, declared: str, listed: _Listing) -> bool:
    """Whether a certificate is, by whatever name or hash, about a declared base."""
    if one.given.base is not None:
        return same_model(one.given.base, declared)
    certificate = one.stated.certificate
    meant = (certificate.a, certificate.b) if other is None else (other.identity,)
    return any(_is_named(identity, declared) or _is_listed(identity, listed) for identity in meant)


def _is_named(identity: ModelIdentity, declared: str) -> bool:
    return same_model(identity.ref, declared) or restates(identity.ref, declared)


def _tie(one: OpenedCertificate, other: ModelIdentity, declared: str, listed: _Listing) -> str | None:
    """Why the other model of a certificate is the declared base; None where only its name says so."""
    if _is_listed(other, listed):
        return "its host lists files with the hashes that the certificate pins"
    if one.given.base is not None:
        return "as the auditor states"
    is_pinned = other.revision is not None and HUB_ID.fullmatch(hub_name(other.ref)) is not None
    if one.given.signer is not None and is_pinned and same_model(other.ref, declared):
        return f"its signer read it as {hub_name(other.ref)} at {other.revision}"
    return None


def _is_listed(identity: ModelIdentity, listed: _Listing) -> bool:
    """Whether a host lists every file that a certificate pins, and states the hashes of some, all of them the same."""
    if not identity.is_hashed or not all(file.name in listed for file in identity.files):
        return False
    stated = [(listed[file.name].sha256, file.sha256) for file in identity.files if listed[file.name].sha256]
    return bool(stated) and all(theirs == ours for theirs, ours in stated)
