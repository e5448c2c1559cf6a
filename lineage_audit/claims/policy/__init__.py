"""The policy: claims that override the card, pinned references, severities, allowances, a baseline."""

from __future__ import annotations

from lineage_audit.claims.policy.baseline import BaselineKey, baseline_text, key_of, read_baseline
from lineage_audit.claims.policy.located import PolicyError
from lineage_audit.claims.policy.reading import find_policy, read_policy
from lineage_audit.claims.policy.suppression import expired, mark_known, suppressed
from lineage_audit.claims.policy.values import (
    INCONCLUSIVE_LEVELS,
    Allowance,
    Policy,
    PolicyCertificate,
    PolicyClaim,
    PolicyReference,
)

__all__ = [
    "INCONCLUSIVE_LEVELS",
    "Allowance",
    "BaselineKey",
    "Policy",
    "PolicyCertificate",
    "PolicyClaim",
    "PolicyError",
    "PolicyReference",
    "baseline_text",
    "expired",
    "find_policy",
    "key_of",
    "mark_known",
    "read_baseline",
    "read_policy",
    "suppressed",
]
