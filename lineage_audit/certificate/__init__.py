"""Certificates: that two models are not independent, in a form that a stranger can verify, with the models or without.

A certificate is written by a rule of a book (``book``) that chooses layers, rows, tokens and maps without looking at a
sign, from a seed that follows from the digests of both models. Whoever verifies it derives all of that anew.
"""

from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.certifying import certify_models
from lineage_audit.certificate.file import read_certificates, with_line
from lineage_audit.certificate.linking import WrittenCertificate, written
from lineage_audit.certificate.signing import NotSignedError, Signer, Signing, require_signing, required_signer
from lineage_audit.certificate.statement import StatedCertificate
from lineage_audit.certificate.verifying import is_of, verify_certificate, verify_one_of

__all__ = [
    "Certificate",
    "NotSignedError",
    "Signer",
    "Signing",
    "StatedCertificate",
    "WrittenCertificate",
    "certify_models",
    "is_of",
    "read_certificates",
    "require_signing",
    "required_signer",
    "verify_certificate",
    "verify_one_of",
    "with_line",
    "written",
]
