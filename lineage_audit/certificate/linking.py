"""A certificate as a document, and what a report says of it."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct

from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.signing import Signing, sign_statement
from lineage_audit.certificate.statement import statement_of
from lineage_audit.results import CertificateLink


class WrittenCertificate(Struct, frozen=True, eq=False):
    """A certificate as the bytes of its document, one line, and the link that a report holds.

    Attributes:
        certificate: the certificate.
        document: its statement, or the bundle around it.
        link: what a report says of it.
    """

    certificate: Certificate
    document: bytes
    link: CertificateLink


def written(certificate: Certificate, file: str, signing: Signing | None = None) -> WrittenCertificate:
    """Write a certificate down, signed if that is asked for.

    Args:
        certificate: the certificate.
        file: the name of the file that it goes to.
        signing: how it is to be signed, or None.

    Raises:
        LineageAuditError: it cannot be signed.
    """
    document, identity = statement_of(certificate).encode(), None
    if signing is not None:
        signed = sign_statement(document, signing)
        document, identity = signed.bundle, signed.identity
    is_exact = certificate.grade == "exact"
    link = CertificateLink(
        summary=_summary(certificate, file, identity),
        file=file,
        sha256=sha256(document).hexdigest(),
        rule=certificate.rule,
        grade=certificate.grade,
        log10_p=certificate.log10_p if is_exact else None,
        signed_by=identity,
    )
    return WrittenCertificate(certificate, document, link)


def _summary(certificate: Certificate, file: str, identity: str | None) -> str:
    how = (
        f"log10 p ≤ {certificate.log10_p:.1f}" if certificate.grade == "exact" else "by sizes alone, without a p-value"
    )
    who = f", signed by {identity}" if identity else ""
    return f"{file} shows that the two are not independent ({how}, rule {certificate.rule}{who}); verify it with them"
