"""What verifying a certificate gave, as plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
