"""Signatures by sigstore, where its library is installed: nothing of cryptography is made here.

A signed certificate is a sigstore bundle with the statement in its DSSE envelope. Who signed it vouches for the file;
what the file says is verified all the same.
"""

from __future__ import annotations

import base64
import binascii
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from lineage_audit.errors import LineageAuditError, UnreadableFileError

if TYPE_CHECKING:
    from types import ModuleType

PAYLOAD_TYPE = "application/vnd.in-toto+json"

_NOBODY = "there is no identity to sign with; give the workflow the permission id-token: write, or sign at a terminal"

_MOST_TRUST = 2**20
"""Bytes that a configuration of trust may have."""


class NotSignedError(LineageAuditError):
    """A certificate that is not shown to be signed by who was asked for."""


class Signer(Struct, frozen=True):
    """Who must have signed a certificate.

    Attributes:
        identity: an e-mail address, or the address of a workflow.
        issuer: who vouches for that identity, as an address.
        trust: the configuration of a sigstore instance of one's own; the public one where it is None.
    """

    identity: str
    issuer: str
    trust: str | Path | None = None


class Signing(Struct, frozen=True):
    """That a certificate is to be signed, as whoever runs this.

    Attributes:
        trust: the configuration of a sigstore instance of one's own; the public one where it is None.
    """

    trust: str | Path | None = None


def required_signer(identity: str | None, issuer: str | None, trust: Path | None = None) -> Signer | None:
    """Who must have signed, as it was asked; None where nobody was named.

    Raises:
        LineageAuditError: an identity without who vouches for it, which anybody may be somewhere, or one without the
            other, or trust in nobody.
    """
    if identity is not None and issuer is not None:
        return Signer(identity, issuer, trust)
    if identity is not None or issuer is not None:
        raise LineageAuditError("an identity and its issuer go together: name who signed, and who vouches for that")
    if trust is not None:
        raise LineageAuditError("trust is about who signed: name an identity, and who vouches for it")
    return None


def require_signing(signing: Signing) -> None:
    """Make sure that there is what it takes to sign, before any model is read.

    Raises:
        LineageAuditError: sigstore is not installed, what it trusts cannot be had, or there is nobody to sign as.
    """
    _trust_of(signing.trust)
    if _ambient_identity() is None and not _is_anybody_there():
        raise LineageAuditError(_NOBODY)


class _Signed(Struct, frozen=True):
    """A signed statement.

    Attributes:
        bundle: the sigstore bundle, one line of JSON.
        identity: who it was signed as.
    """

    bundle: bytes
    identity: str


def sign_statement(statement: bytes, signing: Signing) -> _Signed:
    """Sign a statement as whoever runs this: the workflow's own identity, or that of a person at a terminal.

    Args:
        statement: the in-toto statement.
        signing: how it is to be signed.

    Raises:
        LineageAuditError: sigstore is not installed, there is no identity to sign with, or its services cannot be had.
    """
    sign, dsse = _sigstore("sign"), _sigstore("dsse")
    config = _trust_of(signing.trust)
    try:
        token = _identity_token(config)
        with sign.SigningContext.from_trust_config(config).signer(token) as signer:
            bundle = signer.sign_dsse(dsse.Statement(statement))
        text = str(bundle.to_json())
    except LineageAuditError:
        raise
    except Exception as error:  # services on the network, each with errors of its own
        raise LineageAuditError(f"the certificate could not be signed ({_in_one_line(error)})") from None
    return _Signed(f"{''.join(text.splitlines())}\n".encode(), str(token.identity))


def _identity_token(config: Any) -> Any:
    """The identity that the surroundings give (a workflow's), or else a person's, who is asked in a browser."""
    oidc, ambient = _sigstore("oidc"), _ambient_identity()
    if ambient is not None:
        return oidc.IdentityToken(ambient)
    if not _is_anybody_there():
        raise LineageAuditError(_NOBODY)
    return oidc.Issuer(config.signing_config.get_oidc_url()).identity_token()


def _ambient_identity() -> Any:
    """The token of a workflow's identity, or None.

    Raises:
        LineageAuditError: there is one, and it cannot be had.
    """
    try:
        return _sigstore("oidc").detect_credential()
    except LineageAuditError:
        raise
    except Exception as error:  # of whichever surroundings
        raise LineageAuditError(f"the identity to sign with cannot be had ({_in_one_line(error)})") from None


def _is_anybody_there() -> bool:
    """Whether a person may be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


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
    except (binascii.Error, ValueError):
        raise UnreadableFileError(f"{name}: the envelope of the bundle is damaged") from None


def require_signer(bundle: bytes, signer: Signer, name: str) -> bytes:
    """The statement of a bundle that this identity signed.

    Args:
        bundle: the file's bytes.
        signer: who must have signed it.
        name: stands in error messages.

    Raises:
        NotSignedError: the bundle was not signed so.
        LineageAuditError: sigstore is not installed, or what it trusts cannot be had.
    """
    models, verify = _sigstore("models"), _sigstore("verify")
    verifier = verify.Verifier(trusted_root=_trust_of(signer.trust).trusted_root)
    policy = verify.policy.Identity(identity=signer.identity, issuer=signer.issuer)
    try:
        kind, payload = verifier.verify_dsse(models.Bundle.from_json(bundle), policy)
    except Exception as error:  # what a bundle of an untrusted hand raises is not one class
        raise NotSignedError(f"{name}: not shown to be signed by {signer.identity} ({_in_one_line(error)})") from None
    if kind != PAYLOAD_TYPE:
        raise NotSignedError(f"{name}: what was signed is no in-toto statement")
    statement: bytes = payload
    return statement


def _trust_of(path: str | Path | None) -> Any:
    """The configuration of sigstore's public instance, or of one's own.

    Raises:
        LineageAuditError: the public one cannot be fetched, or the file is none.
    """
    config = _sigstore("models").ClientTrustConfig
    try:
        return config.production() if path is None else config.from_json(_bytes_of(Path(path)))
    except LineageAuditError:
        raise
    except Exception as error:  # a service on the network, or a file of whatever content
        if path is None:
            what = "what sigstore trusts cannot be fetched; --trust-config needs no network"
        else:
            what = f"{path}: is no configuration of what sigstore trusts"
        raise LineageAuditError(f"{what} ({_in_one_line(error)})") from None


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST_TRUST)
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None


def _in_one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _sigstore(part: str) -> Any:
    """A module of sigstore's library."""
    import importlib

    try:
        module: ModuleType = importlib.import_module(f"sigstore.{part}")
    except ImportError:
        raise LineageAuditError("signatures need sigstore's library: pip install 'lineage-audit[sign]'") from None
    return module
