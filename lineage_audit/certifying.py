"""A certificate made and written to its file, signed if that is asked for, and linked to."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from lineage_audit.certificate import Certificate, Signing, certify_models, require_signing, with_line, written
from lineage_audit.checkpoint import Checkpoint
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import CertificateLink
from lineage_audit.whole_files import require_place, write_whole


class CertificateFile(Struct, frozen=True):
    """Where a certificate goes.

    Attributes:
        path: its file; one that ends in ``.jsonl`` gets one line more.
        signing: how it is to be signed, or None.
    """

    path: Path
    signing: Signing | None = None

    def write(self, made: Certificate) -> CertificateLink:
        """Write a certificate.

        Raises:
            LineageAuditError: it cannot be signed, or the file not be written.
        """
        document = written(made, self.path.name, self.signing)
        write_whole(self.path, with_line(self.path, document.document))
        return document.link

    def link(self, a: Checkpoint, b: Checkpoint) -> CertificateLink:
        """Certify two models and write that, or say why no certificate was written."""
        try:
            return self.write(certify_models(a, b))
        except LineageAuditError as error:
            return CertificateLink(str(error))


def certificate_file(path: str | Path | None, signing: Signing | None) -> CertificateFile | None:
    """Where a certificate goes, if anywhere, before any model is read.

    Raises:
        LineageAuditError: there is no such place, or not what it takes to sign, or nothing to sign.
    """
    if path is None:
        if signing is not None:
            raise LineageAuditError("what is signed is the file of a certificate; give the path of one")
        return None
    require_place(Path(path))
    if signing is not None:
        require_signing(signing)
    return CertificateFile(Path(path), signing)
