"""A certificate as an in-toto statement, and back: one line of JSON, read as from an untrusted hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from lineage_audit.certificate.book import ALTERNATIVES, NULL
from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.derivation import DIGITS, Derivation
from lineage_audit.certificate.identity import FileRecord, ModelIdentity
from lineage_audit.certificate.places import Layout
from lineage_audit.certificate.signing import enveloped, require_signer
from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.errors import UnreadableFileError

_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PREDICATE_TYPE = "urn:lineage-audit:certificate:1"

MOST_BYTES = 16 * 2**20
"""What a certificate may have; a real one has under two million."""

_TOOL = "lineage-audit"


@dataclass(frozen=True, slots=True)
class _StatedModel:
    """One of the two models, with what was read of it."""

    ref: str
    revision: str | None
    digest: str
    files: tuple[FileRecord, ...]
    headers: str
    read: str
    weights: int
    layout: Layout

    @property
    def identity(self) -> ModelIdentity:
        """What pins it; the digest is worked out anew."""
        return ModelIdentity(self.ref, self.revision, self.files, self.headers)


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is said of the two models; docs/certificates.md says of every member what it means."""

    tool: str
    tool_version: str
    rule: str
    claim: str
    grade: str
    null: str
    seed: str
    alternatives: int
    log10_p: float | None
    effect: float
    lead: float
    a: _StatedModel
    b: _StatedModel
    tokens: tuple[tuple[int, int], ...]
    units: tuple[tuple[int, int, int, int], ...]
    coins: tuple[int, ...]
    cosines: tuple[tuple[float, ...], ...]
    leads: tuple[float, ...]

    @property
    def derivation(self) -> Derivation:
        """What the rule is said to have derived.

        Raises:
            UnreadableFileError: its columns do not fit together.
        """
        count = len(self.units)
        columns = (self.coins, self.leads, *self.cosines)
        if not self.cosines or any(len(column) != count for column in columns):
            raise UnreadableFileError("the columns of the certificate are not of one length")
        integers = (*self.coins, *(number for row in (*self.units, *self.tokens) for number in row))
        if any(abs(number) >= 2**62 for number in integers):
            raise UnreadableFileError("the certificate holds numbers that are no units, tokens or coins")
        return Derivation(
            tokens=np.array(self.tokens, dtype=np.int64).reshape(-1, 2),
            frequencies=len(self.cosines),
            units=np.array(self.units, dtype=np.int64).reshape(-1, 4),
            coins=np.array(self.coins, dtype=np.int64),
            cosines=np.array(self.cosines, dtype=np.float64),
            leads=np.array(self.leads, dtype=np.float64),
            read=(self.a.read, self.b.read),
            weights=(self.a.weights, self.b.weights),
            layouts=(self.a.layout, self.b.layout),
        )


@dataclass(frozen=True, slots=True)
class StatedCertificate:
    """A certificate as it was read: what it says of itself beside what follows from it."""

    predicate: Predicate
    certificate: Certificate
    subjects_fit: bool
    signed_by: str | None = None


def statement_of(certificate: Certificate) -> str:
    """The statement as one line of JSON."""
    document = {
        "_type": _STATEMENT_TYPE,
        "subject": list(_subjects(certificate.a, certificate.b)),
        "predicateType": _PREDICATE_TYPE,
        "predicate": _predicate(certificate),
    }
    return msgspec.json.encode(document).decode() + "\n"


def read_certificate(path: Path, signed_by: str | None = None, issuer: str | None = None) -> StatedCertificate:
    """Read a certificate's file: a statement, or a sigstore bundle around one.

    Args:
        path: the file.
        signed_by: who must have signed it; nobody in particular where it is None.
        issuer: who vouches for that identity.

    Raises:
        LineageAuditError: it cannot be read, is no certificate that this version reads, or was not signed so.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    statement = enveloped(parse_json_object(data[:MOST_BYTES], path.name), path.name)
    if signed_by is not None:
        if statement is None:
            raise UnreadableFileError(f"{path}: is not signed; a signed certificate is a sigstore bundle")
        statement = require_signer(data, signed_by, issuer, path.name)
    stated = read_statement(data if statement is None else statement, path.name)
    return replace(stated, signed_by=signed_by)


def read_statement(data: bytes, name: str) -> StatedCertificate:
    """Read a statement.

    Args:
        data: the file's bytes.
        name: stands in error messages.

    Raises:
        UnreadableFileError: it is no certificate that this version reads.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableFileError(f"{name}: more than {MOST_BYTES:,} bytes, which no certificate has")
    document = parse_json_object(data, name)
    if document.get("_type") != _STATEMENT_TYPE or document.get("predicateType") != _PREDICATE_TYPE:
        raise UnreadableFileError(f"{name}: no statement with the predicate {_PREDICATE_TYPE}; is it a certificate?")
    try:
        predicate = msgspec.convert(document.get("predicate"), Predicate)
        certificate = Certificate(
            a=predicate.a.identity,
            b=predicate.b.identity,
            rule=predicate.rule,
            seed=predicate.seed,
            derivation=predicate.derivation,
            tool_version=predicate.tool_version,
        )
    except msgspec.ValidationError as error:
        raise UnreadableFileError(f"{name}: not a certificate of this version ({error})") from None
    except UnreadableFileError as error:
        raise UnreadableFileError(f"{name}: {error}") from None
    fits = document.get("subject") == list(_subjects(certificate.a, certificate.b))
    return StatedCertificate(predicate, certificate, fits)


def _predicate(certificate: Certificate) -> Predicate:
    found = certificate.derivation
    return Predicate(
        tool=_TOOL,
        tool_version=certificate.tool_version,
        rule=certificate.rule,
        claim=certificate.claim,
        grade=certificate.grade or "none",
        null=NULL,
        seed=certificate.seed,
        alternatives=ALTERNATIVES,
        log10_p=certificate.log10_p if certificate.grade == "exact" else None,
        effect=certificate.effect,
        lead=certificate.lead,
        a=_stated(certificate.a, found, 0),
        b=_stated(certificate.b, found, 1),
        tokens=tuple((int(a), int(b)) for a, b in found.tokens),
        units=tuple((int(lb), int(nb), int(la), int(na)) for lb, nb, la, na in found.units),
        coins=tuple(map(int, found.coins)),
        cosines=tuple(tuple(map(float, row)) for row in np.round(found.cosines, DIGITS)),
        leads=tuple(map(float, np.round(found.leads, DIGITS))),
    )


def _stated(identity: ModelIdentity, found: Derivation, side: int) -> _StatedModel:
    return _StatedModel(
        ref=identity.ref,
        revision=identity.revision,
        digest=identity.digest,
        files=identity.files,
        headers=identity.headers,
        read=found.read[side],
        weights=found.weights[side],
        layout=found.layouts[side],
    )


def _subjects(a: ModelIdentity, b: ModelIdentity) -> Iterator[dict[str, object]]:
    """Every file of both models that is pinned by its hash; of a model whose weights are not, its headers."""
    for side, identity in (("a", a), ("b", b)):
        for file in identity.files:
            if file.sha256 is not None:
                yield {"name": f"{side}/{file.name}", "digest": {"sha256": file.sha256}}
        if not identity.is_hashed:
            yield {"name": f"{side}/headers", "digest": {"lineage-audit-headers-sha256": identity.headers}}
