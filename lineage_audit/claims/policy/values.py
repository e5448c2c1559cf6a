"""What a policy says, as plain frozen values."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from lineage_audit.results import FailOn, Level, WhenInconclusive

Severity = Literal["error", "warning", "note", "off"]

INCONCLUSIVE_LEVELS: Mapping[WhenInconclusive, Level] = {"fail": "error", "warn": "warning", "pass": "note"}
"""What ``inconclusive`` takes -> the severity of what could not be checked; it then no longer stops the check."""


class PolicyClaim(Struct, frozen=True):
    """A claim that overrides the card's of the same kind, and the line of the policy that makes it."""

    kind: str
    value: str
    line: int


class PolicyReference(Struct, frozen=True):
    """A model to compare with.

    Attributes:
        ref: where it is.
        revision: its pinned commit, or None.
        released: the day on which it was released, or None where the policy does not say.
        is_earlier: the policy states that it is older than the subject.
        is_base: the policy states that it is a common base, older than all.
    """

    ref: str
    revision: str | None = None
    released: datetime.date | None = None
    is_earlier: bool = False
    is_base: bool = False


class Allowance(Struct, frozen=True):
    """Findings that the policy allows.

    Attributes:
        rule: rule id.
        reason: why.
        reference: only findings about this model, or None for all.
        expires: last day on which it holds, or None.
        line: its line in the policy.
    """

    rule: str
    reason: str
    reference: str | None
    expires: datetime.date | None
    line: int


class PolicyCertificate(Struct, frozen=True):
    """A certificate about a declared base that is not at hand, and why it is believed.

    Attributes:
        file: where it is.
        reason: why the policy vouches for it, or whom it trusts.
        base: the declared base that its other model is, or None where the certificate itself shows it.
        sha256: its hash, by which the policy vouches for it; or None.
        identity: who must have signed it, or None.
        issuer: who must have vouched for that identity, or None.
    """

    file: Path
    reason: str
    base: str | None = None
    sha256: str | None = None
    identity: str | None = None
    issuer: str | None = None


class Policy(Struct, frozen=True):
    """Everything a policy says.

    Attributes:
        file: where it was read, or None for the empty policy.
        claims: claims that override the card's.
        references: models to compare with.
        severity: rule id -> severity.
        allow: findings that are allowed.
        baseline: file of findings that are known already.
        fail_on: level at which findings fail the check.
        inconclusive: what happens where something could not be checked; None: the check is inconclusive.
        released: the day on which the subject was released, or None where the policy does not say.
        budget: bytes of weights that a sample may read of each model, or None where the policy does not say.
        certificates: certificates that it believes, and why.
    """

    file: Path | None = None
    claims: tuple[PolicyClaim, ...] = ()
    references: tuple[PolicyReference, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    allow: tuple[Allowance, ...] = ()
    baseline: Path | None = None
    fail_on: FailOn | None = None
    inconclusive: WhenInconclusive | None = None
    released: datetime.date | None = None
    budget: int | None = None
    certificates: tuple[PolicyCertificate, ...] = ()
