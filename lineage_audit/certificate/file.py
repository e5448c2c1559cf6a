"""Certificates in files: a statement, a sigstore bundle around one, or of many (``.jsonl``) one a line.

Such lines are what in-toto calls a bundle of attestations: each stands for itself, and lines that are no certificates
are somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from msgspec.structs import replace

from lineage_audit.certificate.signing import NotSignedError, Signer, enveloped, require_signer
from lineage_audit.certificate.statement import (
    MOST_BYTES,
    PREDICATE_TYPE,
    StatedCertificate,
    parse_strictly,
    read_statement,
)
from lineage_audit.errors import UnreadableFileError

MANY = ".jsonl"
"""How the name of a file ends that holds a certificate a line."""


def read_certificates(path: Path, signer: Signer | None = None) -> tuple[StatedCertificate, ...]:
    """Read the certificates of a file; at least one.

    Args:
        path: the file.
        signer: who must have signed them; nobody in particular where it is None. Of many those are read that were.

    Raises:
        NotSignedError: none of them was signed so.
        LineageAuditError: it cannot be read, or holds no certificate that this version reads.
    """
    data = _bytes_of(path)
    if path.suffix != MANY:
        return (_read(data, path.name, signer),)
    found, refused = [], None
    for name, line in _lines(data, path.name):
        try:
            found.append(_read(line, name, signer))
        except NotSignedError as error:
            refused = error
    if not found:
        raise refused or UnreadableFileError(f"{path}: none of its lines is a certificate")
    return tuple(found)


def with_line(path: Path, certificate: bytes) -> bytes:
    """What a file holds once a certificate was written to it: the certificate, or all lines of a file of many.

    Args:
        path: the file, which need not be there.
        certificate: one line, its end included.

    Raises:
        UnreadableFileError: the file is there and cannot be read.
    """
    if path.suffix != MANY or not path.exists():
        return certificate
    data = _bytes_of(path)
    before = data if data.endswith(b"\n") or not data else data + b"\n"
    return before if certificate in before.splitlines(keepends=True) else before + certificate


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise UnreadableFileError(f"{path}: more than {MOST_BYTES:,} bytes, which no certificate has")
    return data


def _lines(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """The lines that are certificates, each with its place."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if _is_certificate(line):
            yield f"{name}:{number}", line + b"\n"


def _is_certificate(line: bytes) -> bool:
    """Whether a line bears our predicate, signed or not."""
    try:
        document = parse_strictly(line, "line")
        statement = enveloped(document, "line")
        held = document if statement is None else parse_strictly(statement, "line")
    except UnreadableFileError:
        return False
    return held.get("predicateType") == PREDICATE_TYPE


def _read(data: bytes, name: str, signer: Signer | None) -> StatedCertificate:
    """One certificate, signed or not."""
    statement = enveloped(parse_strictly(data, name), name)
    if signer is not None:
        if statement is None:
            raise NotSignedError(f"{name}: is not signed; a signed certificate is a sigstore bundle")
        statement = require_signer(data, signer, name)
    stated = read_statement(data if statement is None else statement, name)
    return replace(stated, sha256=sha256(data).hexdigest(), signed_by=signer.identity if signer else None)
