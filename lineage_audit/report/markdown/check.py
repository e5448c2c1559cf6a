"""A check as Markdown for a pull request or a job's summary: the answer first, claims and suppressed findings folded.

What a model repository wrote stands either in code or in escaped prose, as in `lineage_audit.report.markdown.text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from lineage_audit.report.escaping import cut
from lineage_audit.report.markdown.text import bullets, code, folded, prose, table
from lineage_audit.report.numbers import MISSING, logarithm, share
from lineage_audit.report.wording.check import (
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    ancestor_lines,
    claim_place,
    headline,
    licence_words,
    origin_words,
    place,
    reference_name,
    relation_words,
    rules_by_id,
    run_words,
    subject_facts,
    suppression_words,
    unchecked,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import CheckReport, Finding, ReferenceSummary, RuleInfo

_IN_CODE = frozenset({"Subject", "Revision", "Architecture"})
_MOST_FINDINGS = 50
_MOST_EVIDENCE = 8
_MOST_CLAIMS = 100


def render_check_markdown(report: CheckReport) -> str:
    """A check as Markdown text, ending in a newline."""
    counting = [finding for finding in report.findings if finding.counts]
    suppressed = [finding for finding in report.findings if not finding.counts]
    blocks = (
        f"## {OUTCOME_WORDS[report.outcome]}: {OUTCOME_MEANINGS[report.outcome]}",
        f"**{prose(first_sentence(report))}**",
        prose(headline(report)),
        bullets(f"Not checked: {prose(sentence)}" for sentence in unchecked(report)),
        table(("", ""), _facts(report)),
        "### Findings",
        _findings(counting, rules_by_id(report)) or "None.",
        "### References",
        _references(report.references) or "None given, none declared.",
        "### Caveats",
        bullets(map(prose, report.caveats)) or "None.",
        folded("Suppressed findings", _findings(suppressed, rules_by_id(report))),
        folded("Bases behind the references", _ancestors(report.references)),
        folded("Claims of the subject", _claims(report)),
        f"<sub>lineage-audit {prose(report.tool_version)}: {prose(run_words(report))}.</sub>",
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _facts(report: CheckReport) -> Iterator[tuple[str, str]]:
    for label, value in subject_facts(report):
        if value != "none":
            yield label, code(value) if label in _IN_CODE else prose(value)
    yield "Licence stated", prose(licence_words(report.declared_licence))
    known = report.concluded_licence
    if known:
        yield "Licence concluded", prose(licence_words(known))
    if report.policy:
        yield "Policy", code(cut(report.policy, 120))


def _findings(findings: list[Finding], rules: Mapping[str, RuleInfo]) -> str:
    shown = [_finding(finding, rules) for finding in findings[:_MOST_FINDINGS]]
    more = len(findings) - len(shown)
    return bullets([*shown, *([f"and {more:,} more"] if more else [])])


def _finding(finding: Finding, rules: Mapping[str, RuleInfo]) -> str:
    """One finding as an item of a list, its evidence and fix as items below it."""
    rule = rules.get(finding.rule_id)
    name = f" {prose(rule.name)}" if rule else ""
    head = f"**{finding.level}** {code(finding.rule_id)}{name} at {code(place(finding.location))}"
    lines = [f"{head}: {prose(finding.message)}"]
    if finding.suppression:
        lines.append(f"Suppressed by {prose(suppression_words(finding.suppression))}")
    lines += [f"Evidence: {prose(line)}" for line in finding.evidence[:_MOST_EVIDENCE]]
    if (more := len(finding.evidence) - _MOST_EVIDENCE) > 0:
        lines.append(f"Evidence: and {more:,} more")
    lines.append(f"**Fix:** {prose(finding.fix)}")
    return "\n  - ".join(lines)


def _references(references: Iterable[ReferenceSummary]) -> str:
    head = ("Reference", "Named", "Weights", "log10 p ≤", "Derived share", "Compared", "Licence", "Finding")
    rows = [
        (
            code(reference_name(reference)),
            origin_words(reference),
            relation_words(reference),
            logarithm(reference.log10_p),
            share(reference.derived_share),
            share(reference.compared_share),
            prose(licence_words(reference.licence)) if reference.licence else MISSING,
            prose(reference.summary or reference.reason or MISSING),
        )
        for reference in references
    ]
    return table(head, rows) if rows else ""


def _ancestors(references: Iterable[ReferenceSummary]) -> str:
    return bullets(prose(line) for reference in references for line in ancestor_lines(reference))


def _claims(report: CheckReport) -> str:
    rows = [
        (prose(claim.kind), prose(cut(claim.value, 200)), code(claim_place(claim)))
        for claim in report.claims[:_MOST_CLAIMS]
    ]
    return table(("Claim", "Value", "Read from"), rows) if rows else ""
