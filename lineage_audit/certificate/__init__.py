"""Certificates: that two models are not independent, in a form that a stranger can verify, with the models or without.

A certificate is written by a rule of a book (``book``) that chooses layers, rows, tokens and maps without looking at a
sign, from a seed that follows from the digests of both models. Whoever verifies it derives all of that anew.
"""

from lineage_audit.certificate.certificate import Certificate
from lineage_audit.certificate.certifying import certify_models
from lineage_audit.certificate.statement import read_certificate
from lineage_audit.certificate.verifying import verify_certificate

__all__ = ["Certificate", "certify_models", "read_certificate", "verify_certificate"]
