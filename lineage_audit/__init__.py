"""How much, how, and how surely one open-weight model derives from another.

>>> import lineage_audit
>>> report = lineage_audit.compare("path/to/a", "org/name@revision")  # doctest: +SKIP
>>> report.verdict.relation  # doctest: +SKIP
'derived'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage_audit.api.answers import behave
from lineage_audit.api.certificates import certify, verify
from lineage_audit.api.claims import check
from lineage_audit.api.fingerprints import fingerprint, identify, tree
from lineage_audit.api.weights import compare, compare_many, inspect, unmix
from lineage_audit.errors import LineageAuditError
from lineage_audit.version import __version__

if TYPE_CHECKING:
    from lineage_audit.certificate import Signer, Signing
    from lineage_audit.results import (
        Behaviour,
        CheckReport,
        Comparisons,
        Evidence,
        FamilyTree,
        Finding,
        Identification,
        Inspection,
        Operation,
        Relative,
        Report,
        Run,
        Unmixing,
        Verdict,
        Verification,
    )

__all__ = [
    "Behaviour",
    "CheckReport",
    "Comparisons",
    "Evidence",
    "FamilyTree",
    "Finding",
    "Identification",
    "Inspection",
    "LineageAuditError",
    "Operation",
    "Relative",
    "Report",
    "Run",
    "Signer",
    "Signing",
    "Unmixing",
    "Verdict",
    "Verification",
    "__version__",
    "behave",
    "certify",
    "check",
    "compare",
    "compare_many",
    "fingerprint",
    "identify",
    "inspect",
    "tree",
    "unmix",
    "verify",
]


_OF_SIGNATURES = ("Signer", "Signing")


def __getattr__(name: str) -> object:
    """The types of results, loaded when one is first named: ``import lineage_audit`` alone costs nothing."""
    if name in _OF_SIGNATURES:
        from lineage_audit import certificate

        return getattr(certificate, name)
    if name in __all__:
        from lineage_audit import results

        return getattr(results, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
