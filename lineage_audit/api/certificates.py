"""What shows that two models are not independent, for anyone to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from lineage_audit.api.arguments import Reference
    from lineage_audit.certificate import Certificate, Signer, Signing
    from lineage_audit.results import Verification


def certify(
    a: Reference,
    b: Reference,
    path: str | Path | None = None,
    *,
    weights: str | None = None,
    signing: Signing | None = None,
) -> Certificate:
    """Certify that two models are not independent, in a form that anyone can verify.

    Args:
        a: a local folder or file, or a Hub repository ``org/name[@revision]``; the suspected ancestor, if any.
        b: the same for the other model.
        path: where to write the certificate, if anywhere; a file ``*.jsonl`` gets one line more.
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        signing: sign what is written, by sigstore's library, as whoever runs this.

    Raises:
        LineageAuditError: no rule shows it, a model cannot be read, or the file cannot be signed or written; one line
            says why.
    """
    from lineage_audit.api.arguments import as_reference
    from lineage_audit.certificate import certify_models
    from lineage_audit.certifying import certificate_file
    from lineage_audit.checkpoint import open_checkpoint

    file = certificate_file(path, signing)
    made = certify_models(open_checkpoint(as_reference(a)), open_checkpoint(as_reference(b), weights))
    if file is not None:
        file.write(made)
    return made


def verify(
    certificate: str | Path,
    a: Reference | None = None,
    b: Reference | None = None,
    *,
    weights: str | None = None,
    signer: Signer | None = None,
) -> Verification:
    """Verify a certificate: its arithmetic, and with both models at hand everything that it stands on.

    Args:
        certificate: the file; of one with many (``*.jsonl``) the certificate of the models at hand is meant.
        a: model A, if it is at hand.
        b: model B, if it is at hand.
        weights: of B, where it is a training checkpoint with several sets of weights, the name of the one that is read.
        signer: who must have signed it; needs sigstore's library.

    Raises:
        LineageAuditError: the file is no certificate, was not signed so, or a model cannot be read; one line says why
            and what to do.
    """
    from pathlib import Path

    from lineage_audit.api.arguments import as_reference
    from lineage_audit.certificate import read_certificates, verify_one_of
    from lineage_audit.checkpoint import open_checkpoint

    found = read_certificates(Path(certificate), signer)
    return verify_one_of(
        found,
        None if a is None else open_checkpoint(as_reference(a)),
        None if b is None else open_checkpoint(as_reference(b), weights),
    )
