"""Evidence becomes a verdict.

Related only with a p-value under a stated null (or calibrated evidence with a wide margin); independent only where
the tests had the power to find a relation; everything else is inconclusive, with the reason.
"""

from __future__ import annotations

from lineage_audit.comparison.directed import DirectedOperation
from lineage_audit.comparison.verdict.findings import Findings
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    detection_limit,
    has_searched,
    held_out_agreement,
    stands_on_calibrated,
    strongest_calibrated,
)
from lineage_audit.comparison.verdict.thresholds import (
    EXPLAINS_ALL,
    HELD_OUT_UNCLEAR,
    LEAST_COMPARED,
    MOST_UNPLACED,
    RELATED_LOG10_P,
    ROLE_KEPT,
    ROUNDED_SLOPE,
    SHARED_TRAINING_GAINS,
    UNCLEAR_LOG10_P,
    UNMOVED_SHARE,
    UNMOVED_SLOPE,
    WEAKEST_DETECTION,
)
from lineage_audit.comparison.verdict.wording import caveats, sentence
from lineage_audit.results import Direction, Grade, Relation, Verdict


def decide(findings: Findings) -> Verdict:
    """Decide relation, direction and grade, and say it in one sentence."""
    exact = combined_log10_p(findings.evidence)
    relation, grade = _relation(findings, exact)
    related = relation in ("identical", "derived", "shared-origin")
    operations = tuple(item for item in findings.operations if related and _fits(item, relation))
    limit = detection_limit(findings.evidence)
    direction = _direction(findings, relation)
    return Verdict(
        relation=relation,
        direction=direction,
        summary=sentence(relation, findings, exact, limit),
        grade=grade,
        log10_p=exact if grade == "exact" else strongest_calibrated(findings.evidence),
        derived_share=findings.shares.derived if related else 0.0 if relation == "independent" else None,
        explained_variance=findings.shares.explained,
        copied_share=findings.shares.copied,
        detection_limit=limit,
        operations=tuple(item.operation for item in operations),
        caveats=caveats(findings, relation, direction),
    )


def _fits(item: DirectedOperation, relation: Relation) -> bool:
    """Tell whether an operation can be part of the relation: siblings of one start are no fine-tunes of each other."""
    return relation != "shared-origin" or item.operation.kind not in ("fine-tuned", "continued-pretrained")


def _relation(findings: Findings, exact: float | None) -> tuple[Relation, Grade]:
    if findings.identical:
        return "identical", "exact"
    if findings.subset:
        return "derived", "exact"
    if exact is not None and exact <= RELATED_LOG10_P:
        return ("shared-origin" if _only_initialisation(findings) else "derived"), "exact"
    if stands_on_calibrated(findings.evidence):
        return ("shared-origin" if _only_initialisation(findings) else "derived"), "calibrated"
    grade: Grade = "exact" if exact is not None else "calibrated"
    if findings.obstacle or (exact is not None and exact <= UNCLEAR_LOG10_P):
        return "inconclusive", grade
    if held_out_agreement(findings.evidence) >= HELD_OUT_UNCLEAR:
        return "inconclusive", "calibrated"
    limit = detection_limit(findings.evidence)
    if findings.unplaced > MOST_UNPLACED:
        return "inconclusive", grade
    enough_compared = findings.shares.compared >= LEAST_COMPARED or has_searched(findings.evidence)
    if limit is None or limit > WEAKEST_DETECTION or not enough_compared:
        return "inconclusive", grade
    return "independent", grade


def _only_initialisation(findings: Findings) -> bool:
    """Tell whether the weights are related while what training alone moves is not.

    One initialisation trained twice keeps the same part of every role; where some role or layer is kept nearly whole,
    it was taken after training.
    """
    gains = findings.gains
    # The embeddings are what a rotation was fitted on, so that how well they fit then says nothing.
    best_part = 0.0 if findings.turned else findings.shares.best_part or 0.0
    if max(findings.shares.explained or 0.0, best_part) >= ROLE_KEPT:
        return False
    if gains is None:
        return findings.turned  # a rotation takes the gains along, and weights so far apart claim nothing more
    return (gains.effect or 0.0) < SHARED_TRAINING_GAINS


def _ancestor_unmoved(findings: Findings, shown: Direction) -> bool:
    """Tell whether the earlier model stands where the common ancestor stood: a sibling of it would have moved.

    What was added in training is nearly orthogonal to the weights, so the later model's slope on an unmoved ancestor
    is one. On a sibling it is below one by what the sibling added, while the sibling's slope on it need not be.
    """
    if findings.slopes is None:
        return True
    later_on_earlier, earlier_on_later = findings.slopes if shown == "a->b" else findings.slopes[::-1]
    missing = 1.0 - later_on_earlier
    allowed = max(ROUNDED_SLOPE, UNMOVED_SHARE * abs(1.0 - earlier_on_later))
    return missing <= min(allowed, 1.0 - UNMOVED_SLOPE)


def _direction(findings: Findings, relation: Relation) -> Direction:
    """The direction that strong evidence agrees on."""
    if relation != "derived":
        return "undetermined"
    marks = [item for item in findings.operations if item.shows != "undetermined"]
    shown = {item.shows for item in marks}
    if len(shown) != 1:
        return "undetermined"
    direction = shown.pop()
    is_proven = any(item.operation.kind in EXPLAINS_ALL for item in marks)
    return direction if is_proven or _ancestor_unmoved(findings, direction) else "undetermined"
