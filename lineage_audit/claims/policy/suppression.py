"""Which findings do not count: those that the allow-list or the baseline holds."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lineage_audit.claims.names import same_model
from lineage_audit.claims.policy.baseline import BaselineKey, key_of
from lineage_audit.claims.policy.values import Allowance, Policy
from lineage_audit.results import Finding, Suppression

_KNOWN = Suppression("baseline", "in the baseline, for these very weights")
_KNOWN_BY_HEADERS = Suppression("baseline", "in the baseline, for weights with these very headers")
"""Large local files are pinned by their headers alone."""


def suppressed(
    findings: Iterable[Finding], policy: Policy, known: frozenset[BaselineKey], today: datetime.date
) -> tuple[Finding, ...]:
    """Mark each finding that an allowance or the baseline holds."""
    allowed = (replace(finding, suppression=_allowed(finding, policy.allow, today)) for finding in findings)
    return mark_known(allowed, known)


def mark_known(findings: Iterable[Finding], known: frozenset[BaselineKey]) -> tuple[Finding, ...]:
    """Mark each finding that counts and that the baseline holds."""
    return tuple(_marked(finding, known) for finding in findings)


def _marked(finding: Finding, known: frozenset[BaselineKey]) -> Finding:
    key = key_of(finding)
    if not finding.counts or key is None or key not in known:
        return finding
    by_headers = key.subject.startswith("headers-") or key.reference.startswith("headers-")
    return replace(finding, suppression=_KNOWN_BY_HEADERS if by_headers else _KNOWN)


def expired(policy: Policy, today: datetime.date) -> tuple[Allowance, ...]:
    """The allowances whose last day has passed."""
    return tuple(entry for entry in policy.allow if entry.expires is not None and entry.expires < today)


def _allowed(finding: Finding, allow: Sequence[Allowance], today: datetime.date) -> Suppression | None:
    for entry in allow:
        holds = entry.expires is None or entry.expires >= today
        if holds and entry.rule == finding.rule_id and _concerns(entry, finding):
            return Suppression("allow-list", entry.reason, entry.expires.isoformat() if entry.expires else None)
    return None


def _concerns(entry: Allowance, finding: Finding) -> bool:
    if entry.reference is None:
        return True
    return finding.reference is not None and same_model(entry.reference, finding.reference)
