"""A certificate as an in-toto statement, and back: one line of JSON, read as from an untrusted hand."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
from msgspec import Struct

from lineage_audit.certificate.book import ALTERNATIVES, NULL
from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.derivation import DIGITS, Derivation
from lineage_audit.certificate.identity import FileRecord, ModelIdentity
from lineage_audit.certificate.places import Layout
from lineage_audit.checkpoint.bounded_json import each_key_once, parse_json_object
from lineage_audit.errors import UnreadableFileError

_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:lineage-audit:certificate:1"

MOST_BYTES = 16 * 2**20
"""What a certificate may have; a real one has under two million."""

_LARGEST_COSINE = 1.0 + 1e-6
"""A cosine, or the difference of two sizes, as rounding may leave it."""

_TOOL = "lineage-audit"


class _StatedModel(Struct, frozen=True):
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


class Predicate(Struct, frozen=True):
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
            raise UnreadableFileError("the certificate holds numbers that are no units, tokens or random signs")
        if not all(abs(number) <= _LARGEST_COSINE for column in (self.leads, *self.cosines) for number in column):
            raise UnreadableFileError("the certificate holds cosines that are none")
        if not all(_is_layout(side.layout) for side in (self.a, self.b)):
            raise UnreadableFileError("a layout of the certificate is no place in a file")
        return Derivation(
            tokens=np.array(self.tokens, dtype=np.int64).reshape(-1, 2),
            frequencies=len(self.cosines),
            units=np.array(self.units, dtype=np.int64).reshape(-1, 4),
            random_signs=np.array(self.coins, dtype=np.int64),
            cosines=np.array(self.cosines, dtype=np.float64),
            match_margins=np.array(self.leads, dtype=np.float64),
            read=(self.a.read, self.b.read),
            weights=(self.a.weights, self.b.weights),
            layouts=(self.a.layout, self.b.layout),
        )


class StatedCertificate(Struct, frozen=True):
    """A certificate as it was read: what it says of itself beside what follows from it.

    Attributes:
        predicate: what it says of itself.
        certificate: what follows from that.
        subjects_fit: the statement's subjects are the files of the two models.
        sha256: the hash of its bytes as they were read, signature included.
        signed_by: the identity that sigstore's library found it signed by, where one was asked for.
    """

    predicate: Predicate
    certificate: Certificate
    subjects_fit: bool
    sha256: str = ""
    signed_by: str | None = None


def _is_layout(layout: Layout) -> bool:
    """Whether rows are a table of numbers that rows can have."""
    members = {len(row) for row in layout.rows}
    numbers = (layout.step, *(number for row in layout.rows for number in row))
    return len(members) == 1 and members != {0} and all(abs(number) < 2**31 for number in numbers)


def statement_of(certificate: Certificate) -> str:
    """The statement as one line of JSON."""
    document = {
        "_type": _STATEMENT_TYPE,
        "subject": list(_subjects(certificate.a, certificate.b)),
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(certificate),
    }
    return msgspec.json.encode(document).decode() + "\n"


def parse_strictly(data: bytes, name: str) -> dict[str, object]:
    """Parse an untrusted JSON object that every reader reads alike, so that no two verifiers see two documents.

    Args:
        data: its bytes, their number already bounded.
        name: stands in error messages.

    Raises:
        UnreadableFileError: it is no JSON object, or a key of an object stands twice.
    """
    complaint = f"{name}: a key stands twice in one object, which readers read differently"
    return parse_json_object(data, name, each_key_once(complaint))


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
    document = parse_strictly(data, name)
    if document.get("_type") != _STATEMENT_TYPE or document.get("predicateType") != PREDICATE_TYPE:
        raise UnreadableFileError(f"{name}: no statement with the predicate {PREDICATE_TYPE}; is it a certificate?")
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
        lead=certificate.match_margin,
        a=_stated(certificate.a, found, 0),
        b=_stated(certificate.b, found, 1),
        tokens=tuple((int(a), int(b)) for a, b in found.tokens),
        units=tuple((int(lb), int(nb), int(la), int(na)) for lb, nb, la, na in found.units),
        coins=tuple(map(int, found.random_signs)),
        cosines=tuple(tuple(map(float, row)) for row in np.round(found.cosines, DIGITS)),
        leads=tuple(map(float, np.round(found.match_margins, DIGITS))),
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
