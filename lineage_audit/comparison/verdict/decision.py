"""Evidence becomes a verdict, on the whole and on each part of a model.

Related only with a p-value under a stated null (or calibrated evidence with a wide margin); independent only where
the tests had the power to find a relation; everything else is inconclusive, with the reason. A model is copied in
parts, and each is judged by the rules of all verdicts, from the tests asked of it and what was measured in it.
"""

from __future__ import annotations

from lineage_audit.comparison.operations.directed import DirectedOperation
from lineage_audit.comparison.verdict.direction import precedence_of
from lineage_audit.comparison.verdict.findings import Findings, PartFindings
from lineage_audit.comparison.verdict.rules import VerdictRule, rule_of
from lineage_audit.comparison.verdict.standing import (
    combined_log10_p,
    detection_limit,
    stated_limit,
    strongest,
    strongest_calibrated,
)
from lineage_audit.comparison.verdict.wording import by_part, caveats, sentence
from lineage_audit.results import RELATED, OperationKind, PartVerdict, Verdict

_OF_ONE_FROM_THE_OTHER: frozenset[OperationKind] = frozenset({"fine-tuned", "continued-pretrained", "changed"})
"""What was done to the one to make the other, where siblings of one start differ by what was done to both."""


_SUMS = frozenset({"same-sum", "same-sum-as-read"})
_FROM_ROUNDING: frozenset[OperationKind] = frozenset(
    {"fine-tuned", "continued-pretrained", "changed", "edited", "noise-added", "cast", "lora-merged", "quantized"}
)
"""Rules that say two models are one sum, and operations that their difference of rounding could be mistaken for."""


def decide(findings: Findings) -> Verdict:
    """Decide relation, direction and grade, and say it in one sentence."""
    exact, rule = combined_log10_p(findings.evidence), rule_of(findings)
    relation, grade = rule.relation, rule.grade(findings)
    related = relation in RELATED
    operations = tuple(item for item in findings.operations if related and _fits(item, rule))
    limit = (stated_limit if relation == "independent" else detection_limit)(findings.evidence)
    precedence = precedence_of(findings, relation)
    parts = tuple(map(_decide_on_part, findings.parts))
    return Verdict(
        relation=relation,
        direction=precedence.direction,
        summary=sentence(rule, findings, limit) + by_part(parts),
        grade=grade,
        log10_p=exact if grade == "exact" else strongest_calibrated(findings.evidence),
        derived_share=findings.shares.derived if related else 0.0 if relation == "independent" else None,
        explained_variance=findings.shares.explained,
        copied_share=findings.shares.copied,
        detection_limit=limit,
        operations=tuple(item.operation for item in operations),
        caveats=caveats(findings, rule, precedence),
        cause=rule.cause(findings) if rule.cause else None,
        parts=parts,
        excluded=precedence.excluded,
    )


def _fits(item: DirectedOperation, rule: VerdictRule) -> bool:
    """Tell whether an operation can be part of a relation.

    Siblings of one start are no fine-tunes of each other, and sums that were taken in another order were not trained.
    """
    if rule.name in _SUMS:
        return item.operation.kind not in _FROM_ROUNDING
    return rule.relation != "shared-origin" or item.operation.kind not in _OF_ONE_FROM_THE_OTHER


def _decide_on_part(part: PartFindings) -> PartVerdict:
    """Judge one part on its own."""
    findings = part.findings
    rule, shares = rule_of(findings), findings.shares
    return PartVerdict(
        parts=part.parts,
        relation=rule.relation,
        grade=rule.grade(findings),
        log10_p=combined_log10_p(findings.evidence),
        derived_share=shares.derived if rule.relation in RELATED else None,
        explained_variance=shares.explained,
        copied_share=shares.copied,
        detection_limit=detection_limit(findings.evidence),
        finding=_finding(rule, findings),
    )


def _finding(rule: VerdictRule, findings: Findings) -> str:
    """What the verdict on a part stands on: a reason, equality, or the strongest test."""
    if rule.reason is not None:
        return rule.reason(findings)
    if findings.identical:
        return "every number of it is the same"
    best = strongest(findings.evidence)
    return best.finding if best is not None else "no test could be run on it"
