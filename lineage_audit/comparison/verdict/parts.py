"""The parts of a model, each with a verdict of its own: a model is copied in parts, and the whole is the list of them.

A part is judged by the rules of all verdicts, from the tests that were asked of it and from what was measured in it.
"""

from __future__ import annotations

from lineage_audit.comparison.verdict.findings import Findings, PartFindings
from lineage_audit.comparison.verdict.rules import VerdictRule, rule_of
from lineage_audit.comparison.verdict.standing import combined_log10_p, detection_limit, strongest
from lineage_audit.results import RELATED, PartVerdict


def decide_on_part(part: PartFindings) -> PartVerdict:
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
