"""Evidence becomes a verdict: the thresholds, what the tests carry, the decision, and its words."""

from lineage_audit.comparison.verdict.decision import decide
from lineage_audit.comparison.verdict.findings import Findings, LeftOver, Letter, SumEquality, WrittenSum, other_than
from lineage_audit.comparison.verdict.registry import REGISTRY, rights_of
from lineage_audit.comparison.verdict.standing import (
    alignment_holds,
    combined_log10_p,
    detection_limit,
    has_asked_invariants,
    has_searched,
    is_half_agreed,
    is_related,
    strongest,
)
from lineage_audit.comparison.verdict.thresholds import (
    ALIGNMENT,
    INDEPENDENCE,
    ORDER,
    RELATION,
    TRAINING,
    described,
    stated,
)
from lineage_audit.comparison.verdict.wording import DISTILLATION, NOT_THEFT

__all__ = [
    "ALIGNMENT",
    "DISTILLATION",
    "INDEPENDENCE",
    "NOT_THEFT",
    "ORDER",
    "REGISTRY",
    "RELATION",
    "TRAINING",
    "Findings",
    "LeftOver",
    "Letter",
    "SumEquality",
    "WrittenSum",
    "alignment_holds",
    "combined_log10_p",
    "decide",
    "described",
    "detection_limit",
    "has_asked_invariants",
    "has_searched",
    "is_half_agreed",
    "is_related",
    "other_than",
    "rights_of",
    "stated",
    "strongest",
]
