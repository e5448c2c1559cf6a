"""What became of a certificate: of one that a comparison was asked for, and of one that was verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["exact", "calibrated"]
"""What a relation stands on: a p-value under a stated null, or numbers beyond all that independent models gave."""


@dataclass(frozen=True, slots=True)
class CertificateLink:
    """The certificate of a comparison, by the hash of its bytes, or why there is none.

    Attributes:
        summary: one sentence: what it shows, or why none was written.
        file: the name of its file, beside the report where both were written to one folder; None without one.
        sha256: the hash of the certificate, which is the file or, of a file of many (``.jsonl``), its line.
        rule: the rule that it stands on.
        grade: whether it stands on an exact bound or on sizes alone.
        log10_p: upper bound of the decimal logarithm of its p-value; None for a calibrated one.
        signed_by: the identity that it was signed with, or None.
    """

    summary: str
    file: str | None = None
    sha256: str | None = None
    rule: str | None = None
    grade: Grade | None = None
    log10_p: float | None = None
    signed_by: str | None = None


VerificationOutcome = Literal["verified", "arithmetic-only", "refused"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a certificate.

    Attributes:
        outcome: ``verified`` where both models were at hand and everything that the certificate stands on was derived
            anew from them; ``arithmetic-only`` where they were not, which shows nothing of the models; else
            ``refused``.
        claim: what the certificate says, in one sentence.
        done: what was done, a sentence each.
        refused: what does not hold, a sentence each.
        not_checked: what was not looked at, a sentence each.
        log10_p: upper bound of the decimal logarithm of the p-value as recomputed; None for calibrated certificates
            and where it could not be recomputed.
        a: digest of model A.
        b: digest of model B.
    """

    outcome: VerificationOutcome
    claim: str
    done: tuple[str, ...]
    refused: tuple[str, ...]
    not_checked: tuple[str, ...]
    log10_p: float | None
    a: str
    b: str
