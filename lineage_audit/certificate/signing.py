"""Signatures by sigstore, where its library is installed: nothing of cryptography is made here.

A signed certificate is a sigstore bundle with the statement in its DSSE envelope. Who signed it vouches for the file;
what the file says is verified all the same.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from lineage_audit.errors import LineageAuditError, UnreadableFileError

if TYPE_CHECKING:
    from types import ModuleType

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def enveloped(document: dict[str, object], name: str) -> bytes | None:
    """The statement in a bundle, whoever signed it; None where the document is no bundle.

    Raises:
        UnreadableFileError: the bundle holds no statement.
    """
    envelope = document.get("dsseEnvelope")
    if envelope is None:
        return None
    payload = envelope.get("payload") if isinstance(envelope, dict) else None
    if not isinstance(payload, str) or not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise UnreadableFileError(f"{name}: a bundle without an in-toto statement")
    try:
        return base64.b64decode(payload, validate=True)
    except binascii.Error:
        raise UnreadableFileError(f"{name}: the envelope of the bundle is damaged") from None


def require_signer(bundle: bytes, identity: str, issuer: str | None, name: str) -> bytes:
    """The statement of a bundle that this identity signed.

    Args:
        bundle: the file's bytes.
        identity: an e-mail address, or the address of a workflow.
        issuer: who vouches for that identity, as an address; anyone where it is None.
        name: stands in error messages.

    Raises:
        LineageAuditError: sigstore is not installed, or the bundle was not signed so.
    """
    models, verify, errors = (_sigstore(part) for part in ("models", "verify", "errors"))
    try:
        verifier = verify.Verifier.production()
        kind, payload = verifier.verify_dsse(
            models.Bundle.from_json(bundle), verify.policy.Identity(identity=identity, issuer=issuer)
        )
    except errors.Error as error:
        raise LineageAuditError(f"{name}: not signed by {identity} ({error})") from None
    if kind != PAYLOAD_TYPE:
        raise LineageAuditError(f"{name}: what was signed is no in-toto statement")
    statement: bytes = payload
    return statement


def _sigstore(part: str) -> Any:
    """A module of sigstore's library."""
    import importlib

    try:
        module: ModuleType = importlib.import_module(f"sigstore.{part}")
    except ImportError:
        raise LineageAuditError("signatures need sigstore's library: pip install 'lineage-audit[sign]'") from None
    return module
