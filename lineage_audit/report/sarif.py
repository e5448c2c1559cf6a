"""A check as a SARIF 2.1.0 log, in the dialect that code hosts take.

Every result has one location with a relative, percent-encoded URI and a line, for a host refuses a whole log for
one result without; no base URI is needed to resolve it. What pins the models stands in ``properties``.
Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.json.document import TOOL
from lineage_audit.report.wording.check import headline, suppression_words, unchecked
from lineage_audit.report.wording.places import artifact_uri, subject_folder
from lineage_audit.results import CheckReport, Finding, Level, ModelSummary, ReferenceSummary, RuleInfo, Scalar

_SARIF_VERSION = "2.1.0"
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_TAGS = ("licence", "lineage", "model")
_PROBLEM_SEVERITY: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "recommendation"}
_LONGEST_TEXT = 1000
_MOST_EVIDENCE = 20

Node = dict[str, Any]


def render_check_sarif(report: CheckReport) -> str:
    """A check as SARIF text: indented by two, ending in a newline, ASCII throughout."""
    log = {"$schema": _SARIF_SCHEMA, "version": _SARIF_VERSION, "runs": [_run(report)]}
    return json.dumps(log, indent=2, allow_nan=False) + "\n"


def _run(report: CheckReport) -> Node:
    rules = _rules(report)
    places = {rule.rule_id: number for number, rule in enumerate(rules)}
    return {
        "tool": {"driver": _driver(report, rules)},
        "automationDetails": {"id": _category(report.subject)},
        "invocations": [
            {
                "executionSuccessful": True,
                "startTimeUtc": printable(report.checked_at),
                "toolExecutionNotifications": _notifications(report),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, places[finding.rule_id]) for finding in report.findings],
        "properties": _run_properties(report),
    }


def _driver(report: CheckReport, rules: Iterable[RuleInfo]) -> Node:
    return {"name": TOOL, "version": _line(report.tool_version), "rules": [_rule(rule) for rule in rules]}


def _rules(report: CheckReport) -> tuple[RuleInfo, ...]:
    """The rules of the report, and a bare one for a finding whose rule is not among them."""
    rules = {rule.rule_id: rule for rule in report.rules}
    for finding in report.findings:
        bare = RuleInfo(finding.rule_id, finding.rule_id, finding.message, finding.level, finding.fix, "")
        rules.setdefault(finding.rule_id, bare)
    return tuple(rules.values())


def _rule(rule: RuleInfo) -> Node:
    title, advice = _line(rule.title), _line(rule.help)
    page = f" Documentation: {_line(rule.documentation)}" if rule.documentation else ""
    return {
        "id": printable(rule.rule_id),
        "name": _pascal_case(rule.name),
        "shortDescription": {"text": title},
        "fullDescription": {"text": advice},
        "help": {"text": f"{advice}{page}"},
        "defaultConfiguration": {"level": rule.level},
        "properties": {
            "tags": list(_TAGS),
            "precision": "high",
            "problem.severity": _PROBLEM_SEVERITY[rule.level],
        },
    }


def _result(report: CheckReport, finding: Finding, rule_index: int) -> Node:
    result: Node = {
        "ruleId": printable(finding.rule_id),
        "ruleIndex": rule_index,
        "level": finding.level,
        "message": {"text": _message(finding)},
        "locations": [_location(report.subject, finding)],
        "partialFingerprints": _fingerprints(finding),
        "properties": _result_properties(report, finding),
    }
    if finding.suppression:
        justification = _line(suppression_words(finding.suppression))
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _message(finding: Finding) -> str:
    """The sentence first, for hosts show it as the title; then the evidence and the fix."""
    blocks = [_line(finding.message)]
    if finding.evidence:
        shown = [f"- {_line(line)}" for line in finding.evidence[:_MOST_EVIDENCE]]
        more = len(finding.evidence) - len(shown)
        blocks.append("\n".join(["Evidence:", *shown, *([f"- and {more:,} more"] if more else [])]))
    blocks.append(f"Fix: {_line(finding.fix)}")
    return "\n\n".join(blocks)


def _location(subject: ModelSummary, finding: Finding) -> Node:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": artifact_uri(subject, finding.location)},
            "region": {"startLine": max(1, finding.location.line)},
        }
    }


def _fingerprints(finding: Finding) -> Node:
    """Our own, and the one name that a host reads: a finding stays itself when lines of the card move."""
    fingerprint = printable(finding.fingerprint)
    return {"lineageAudit/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint}:1"}


def _result_properties(report: CheckReport, finding: Finding) -> Node:
    facts: dict[str, Scalar] = {"subject": report.subject.ref, "subjectDigest": report.subject.digest}
    if finding.reference is not None:
        facts["reference"] = finding.reference
        named = (reference for reference in report.references if reference.ref == finding.reference)
        facts["referenceDigest"] = next((reference.digest for reference in named), None)
    return {**_bag(finding.properties), **_bag(facts)}


def _run_properties(report: CheckReport) -> Node:
    subject = report.subject
    facts = {
        "outcome": report.outcome,
        "failOn": report.fail_on,
        "effort": report.effort,
        "budget": report.budget,
        "library": report.library.summary if report.library else None,
        "subject": subject.ref,
        "subjectRevision": subject.revision,
        "subjectDigest": subject.digest,
        "subjectDigestMethod": subject.digest_method,
        **{f"file:{file.file}": file.sha256 for file in subject.files if file.sha256},
    }
    return {**_bag(facts), "references": [_reference(reference) for reference in report.references]}


def _reference(reference: ReferenceSummary) -> Node:
    return _bag(
        {
            "reference": reference.ref,
            "revision": reference.revision,
            "digest": reference.digest,
            "status": reference.status,
            "relation": reference.relation,
            "log10P": reference.log10_p,
            "comparedShare": reference.compared_share,
        }
    )


def _notifications(report: CheckReport) -> list[Node]:
    """What could not be checked, and what to know before quoting the result."""
    levels = [("warning", sentence) for sentence in unchecked(report)] + [("note", text) for text in report.caveats]
    if report.outcome == "inconclusive":
        levels.insert(0, ("warning", f"Inconclusive: not everything could be checked. {headline(report)}"))
    return [{"level": level, "message": {"text": _line(text)}} for level, text in levels]


def _category(subject: ModelSummary) -> str:
    """What keeps the results of one model apart from another's in the same repository."""
    name = "/".join(subject_folder(subject)) or subject.ref.split("@")[0]
    return f"{TOOL}/check/{quote(cut(printable(name), 200), safe='')}/"


def _bag(facts: Mapping[str, Scalar]) -> Node:
    """Facts as a property bag: texts escaped, no value that JSON has no number for."""
    return {printable(name): _value(value) for name, value in facts.items()}


def _value(value: Scalar) -> Scalar:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return None
    return value


def _line(text: str) -> str:
    """A text as one line of a SARIF message: no link can start in it, and its braces are no placeholders."""
    shown = cut(printable(text), _LONGEST_TEXT).replace("](", "] (").strip() or "–"
    return shown.replace("{", "{{").replace("}", "}}")


def _pascal_case(name: str) -> str:
    """A rule's name as viewers expect it: ``undeclared-base`` as ``UndeclaredBase``."""
    return "".join(word[:1].upper() + word[1:] for word in printable(name).replace("_", "-").split("-"))


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_sarif}
