"""A check as workflow commands: GitHub shows each finding on its line, without code scanning.

A host takes ten annotations of a kind from one step; the rest are counted in the last. Text of a repository is escaped,
so that none of it can be a command of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.wording.check import (
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    headline,
    reference_name,
    relation_facts,
    relation_words,
    rule_heading,
    rules_by_id,
    run_words,
)
from lineage_audit.report.wording.places import artifact_uri
from lineage_audit.results import CheckReport, Finding, Level, Outcome, ReferenceSummary

_COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "note": "notice"}
_OUTCOME_COMMANDS: Mapping[Outcome, str] = {
    "passed": "notice",
    "failed": "error",
    "inconclusive": "warning",
    "not-checked": "notice",
}
_MOST = 6
"""Findings of a kind that are shown; the outcome, the references, the caveats and the count of the rest make ten."""
_LONGEST = 1000


def render_check_github(report: CheckReport) -> str:
    """A check as workflow commands, one a line: the outcome, every finding that counts, what to know of both."""
    answer = f"{OUTCOME_MEANINGS[report.outcome]}. {headline(report)}\n{run_words(report)}"
    lines = [_command(_OUTCOME_COMMANDS[report.outcome], {"title": OUTCOME_WORDS[report.outcome]}, answer)]
    counting = [finding for finding in report.findings if finding.counts]
    for level in _COMMANDS:
        lines += _annotations(report, [finding for finding in counting if finding.level == level], level)
    compared = [_reference(reference) for reference in report.references[:_MOST]]
    if compared:
        lines.insert(1, _command("notice", {"title": "Held against"}, "\n".join(compared)))
    if report.caveats:
        lines.insert(1, _command("notice", {"title": "Before you quote this"}, "\n".join(report.caveats)))
    return "".join(f"{line}\n" for line in lines)


def _reference(reference: ReferenceSummary) -> str:
    """How a reference relates, and how much of the subject was compared with it."""
    facts = f", {relation_facts(reference)}" if reference.relation else f": {reference.reason}"
    return f"{reference_name(reference)}: {relation_words(reference).lower()}{facts}"


def _annotations(report: CheckReport, findings: Sequence[Finding], level: Level) -> Iterator[str]:
    for finding in findings[:_MOST]:
        properties = {
            "file": artifact_uri(report.subject, finding.location),
            "line": str(finding.location.line),
            "title": rule_heading(finding, rules_by_id(report)),
        }
        yield _command(_COMMANDS[level], properties, f"{finding.message}\nFix: {finding.fix}")
    if len(findings) > _MOST:
        yield _command(_COMMANDS[level], {}, f"and {len(findings) - _MOST:,} more; the job's summary lists them")


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    text = "%0A".join(_data(line) for line in message.split("\n"))
    return f"::{name} {shown}::{text}" if shown else f"::{name}::{text}"


def _data(text: str) -> str:
    return cut(printable(text), _LONGEST).replace("%", "%25").replace("\r", "%0D")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_github}
