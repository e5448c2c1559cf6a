"""A check as JUnit XML, in the dialect of the Jenkins xUnit schema that CI hosts read.

One test case a rule, or one a finding where a rule has any; one a reference. A finding that fails the check is a
failure; a suppressed one, one below the level that fails, and what could not be checked are skipped, for JUnit has no
warnings; an inconclusive check is an error, and of one that had nothing to check every case is skipped. No host may
show any of these as a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from lineage_audit.report.escaping import cut, cut_middle, printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.wording.check import (
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    fails,
    headline,
    place,
    relation_facts,
    relation_words,
    rule_heading,
    rules_by_id,
    suppression_words,
    unchecked,
)
from lineage_audit.results import CheckReport, Finding, ReferenceSummary

_LONGEST_MESSAGE = 1000
_LONGEST_NAME = 200

Result = Literal["failure", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case: its name, what became of it (None for passed), one line on that, and what it printed."""

    name: str
    result: Result | None = None
    kind: str = ""
    message: str = ""
    text: str = ""


def render_check_junit(report: CheckReport) -> str:
    """A check as JUnit XML text, ending in a newline."""
    suites = (
        ("rules", tuple(_rule_cases(report))),
        ("references", tuple(map(_reference_case, report.references))),
        ("outcome", (_outcome_case(report),)),
    )
    root = ElementTree.Element("testsuites", {"name": "lineage-audit check", "time": f"{report.seconds:.3f}"})
    everything = [case for _, cases in suites for case in cases]
    root.attrib |= {name: value for name, value in _counts(everything).items() if name != "skipped"}
    for name, cases in suites:
        attributes = {"name": f"lineage-audit.{name}", "timestamp": _line(report.checked_at), **_counts(cases)}
        suite = ElementTree.SubElement(root, "testsuite", attributes)
        _add_properties(suite, report)
        for case in cases:
            _add_case(suite, f"lineage-audit.{name}", case)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _rule_cases(report: CheckReport) -> Iterator[_Case]:
    rules = rules_by_id(report)
    found = {finding.rule_id for finding in report.findings}
    for finding in report.findings:
        yield _finding_case(report, finding, rule_heading(finding, rules))
    for rule in report.rules:
        if rule.rule_id in found:
            continue
        name = f"{rule.rule_id} {rule.name}"
        if report.outcome in ("inconclusive", "not-checked"):
            yield _Case(name, "skipped", "unchecked", f"Nothing found; {OUTCOME_MEANINGS[report.outcome]}.")
        else:
            yield _Case(name)


def _finding_case(report: CheckReport, finding: Finding, heading: str) -> _Case:
    name = f"{heading} at {place(finding.location)}"
    if finding.reference:
        name += f" ({cut_middle(finding.reference, 80)})"
    lines = [f"{finding.level} {heading}", place(finding.location), finding.message]
    lines += [f"Evidence: {line}" for line in finding.evidence]
    lines.append(f"Fix: {finding.fix}")
    text = _lines(lines)
    if finding.suppression:
        return _Case(name, "skipped", "suppressed", suppression_words(finding.suppression), text)
    # What could not be checked fails nothing unless the policy says so: an inconclusive check has no failure.
    if report.outcome == "failed" and fails(finding, report.fail_on):
        return _Case(name, "failure", finding.level, finding.message, text)
    return _Case(name, "skipped", finding.level, finding.message, text)


def _reference_case(reference: ReferenceSummary) -> _Case:
    name = f"weights compared with {cut_middle(reference.ref, 120)}"
    if reference.status != "compared":
        return _Case(name, "skipped", "unchecked", reference.reason or reference.summary)
    if reference.relation == "inconclusive":
        return _Case(name, "skipped", "unchecked", reference.summary)
    facts = f"{relation_words(reference)}: {relation_facts(reference)}"
    return _Case(name, text=_lines([facts, reference.summary]))


def _outcome_case(report: CheckReport) -> _Case:
    name = "everything could be checked"
    text = _lines([f"{OUTCOME_WORDS[report.outcome]}: {headline(report)}", *report.caveats])
    missing = list(unchecked(report))
    if report.outcome == "inconclusive":
        details = _lines(f"Not checked: {sentence}" for sentence in missing)
        return _Case(name, "error", "inconclusive", OUTCOME_MEANINGS["inconclusive"], details + text)
    if missing:
        return _Case(name, "skipped", "unchecked", "; ".join(missing), text)
    return _Case(name, text=text)


def _counts(cases: list[_Case] | tuple[_Case, ...]) -> dict[str, str]:
    results = [case.result for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(results.count("failure")),
        "errors": str(results.count("error")),
        "skipped": str(results.count("skipped")),
    }


def _add_properties(suite: ElementTree.Element, report: CheckReport) -> None:
    values = {
        "subject": report.subject.ref,
        "revision": report.subject.revision,
        "digest": report.subject.digest,
        "digest-method": report.subject.digest_method,
        **{f"file:{file.file}": file.sha256 for file in report.subject.files if file.sha256},
        "outcome": report.outcome,
        "fail-on": report.fail_on,
        "effort": report.effort,
        "budget": None if report.budget is None else str(report.budget),
        "library": report.library.summary if report.library else None,
        "version": report.tool_version,
    }
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in values.items():
        if value is not None:
            ElementTree.SubElement(properties, "property", {"name": _line(name), "value": _line(value)})


def _add_case(suite: ElementTree.Element, classname: str, case: _Case) -> None:
    name = cut_middle(printable(case.name), _LONGEST_NAME)
    node = ElementTree.SubElement(suite, "testcase", {"name": name, "classname": classname})
    if case.result is None:
        if case.text:
            ElementTree.SubElement(node, "system-out").text = case.text
        return
    result = ElementTree.SubElement(node, case.result, {"type": case.kind, "message": _line(case.message)})
    result.text = case.text or None


def _lines(lines: Iterable[str]) -> str:
    """Several lines as one text, each escaped."""
    return "".join(f"{_line(line)}\n" for line in lines)


def _line(text: str) -> str:
    """A text on one line; what XML 1.0 cannot hold is among what does not show as itself."""
    return cut(printable(text), _LONGEST_MESSAGE)


RENDERERS: Mapping[type, Renderer] = {CheckReport: render_check_junit}
