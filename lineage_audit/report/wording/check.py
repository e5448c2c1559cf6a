"""The words that every format for people uses for a check: its answer, its counts, what was left unchecked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from lineage_audit.report.escaping import cut, cut_middle
from lineage_audit.report.numbers import MISSING, byte_size, detection_limit, duration, magnitude, p_value, share
from lineage_audit.report.wording import RELATION_WORDS, short_revision
from lineage_audit.results import (
    CheckReport,
    ClaimRecord,
    FailOn,
    Finding,
    Level,
    LicenceStatement,
    Location,
    Outcome,
    ReferenceOrigin,
    ReferenceStatus,
    ReferenceSummary,
    RuleInfo,
    Suppression,
)
from lineage_audit.sizes import plural

OUTCOME_WORDS: Mapping[Outcome, str] = {
    "passed": "PASS",
    "failed": "FAIL",
    "inconclusive": "INCONCLUSIVE",
    "not-checked": "NOT CHECKED",
}

OUTCOME_MEANINGS: Mapping[Outcome, str] = {
    "passed": "nothing found that fails the check",
    "failed": "claims are inconsistent with what was found",
    "inconclusive": "not everything could be checked, which is not a pass",
    "not-checked": "there was nothing to hold the weights against",
}

_FAIL_ON_MEANINGS: Mapping[FailOn, str] = {
    "error": "errors",
    "warning": "errors and warnings",
    "note": "any finding",
    "never": "no finding",
}

_ORIGIN_WORDS: Mapping[ReferenceOrigin, str] = {
    "given": "given",
    "policy": "from the policy",
    "declared": "declared on the card",
    "library": "found in the library",
}

_STATUS_WORDS: Mapping[ReferenceStatus, str] = {
    "compared": "weights compared",
    "certified": "not compared, borne out by a certificate",
    "claims-only": "claims only, weights not compared",
    "unavailable": "not available",
}

_SEVERITY: Mapping[Level, int] = {"note": 1, "warning": 2, "error": 3}
_THRESHOLD: Mapping[FailOn, int] = {"note": 1, "warning": 2, "error": 3, "never": 4}


def fails(finding: Finding, fail_on: FailOn) -> bool:
    """Whether a finding counts and stands at or above the level that fails the check."""
    return finding.counts and _SEVERITY[finding.level] >= _THRESHOLD[fail_on]


def headline(report: CheckReport) -> str:
    """What was found, counted, and which level fails: ``2 errors, 1 warning; errors fail ...``."""
    threshold = f"{_FAIL_ON_MEANINGS[report.fail_on]} {_verb(report.fail_on)} the check"
    return f"{_counted_findings(report.findings)}; {threshold}."


def _counted_findings(findings: Iterable[Finding]) -> str:
    """The findings that count by level, and how many are suppressed: ``1 error, 2 suppressed``."""
    levels = Counter(finding.level if finding.counts else "suppressed" for finding in findings)
    parts = [plural(levels[level], level) for level in ("error", "warning", "note") if levels[level]]
    if levels["suppressed"]:
        parts.append(f"{levels['suppressed']:,} suppressed")
    return ", ".join(parts) or "No findings"


def unchecked(report: CheckReport) -> Iterator[str]:
    """What could not be checked, one sentence each."""
    if not report.weights_read:
        yield "The weights of the subject could not be read."
    elif report.outcome == "not-checked":
        yield "No reference was given and the card declares no base: no claim was held against the weights."
    for reference in report.references:
        if reference.status != "compared":
            reason = reference.reason or _STATUS_WORDS[reference.status]
            yield f"{reference_name(reference)}: {reason}"
        elif reference.relation == "inconclusive":
            yield f"{reference_name(reference)}: {reference.summary}"


def subject_facts(report: CheckReport) -> tuple[tuple[str, str], ...]:
    """The head of the subject: label and value."""
    subject = report.subject
    unread = "weights not read"
    size = f"{magnitude(subject.parameters)} parameters, {plural(subject.layers, 'layer')}"
    return (
        ("Subject", cut_middle(subject.ref, 160)),
        ("Revision", short_revision(subject.revision)),
        ("Architecture", cut(subject.architecture, 60)),
        ("Size", f"{size}, {cut(subject.format, 60)}" if report.weights_read else unread),
        ("Library", cut(report.library.summary, 300) if report.library else "none"),
    )


def licence_words(licence: LicenceStatement | None) -> str:
    """A licence by its name, its id on SPDX's list if it has one, and its class."""
    if licence is None:
        return "none"
    name = cut(licence.name or licence.stated, 80)
    listed = licence.spdx if licence.spdx and "LicenseRef-" not in licence.spdx else None
    shown = f"{name} ({cut(listed, 80)})" if listed and listed != name else name
    return shown if licence.licence_class == "unknown" else f"{shown}, {licence.licence_class}"


def reference_name(reference: ReferenceSummary) -> str:
    """A reference as it was given, cut in the middle where it is long."""
    return cut_middle(reference.ref, 96)


def relation_words(reference: ReferenceSummary) -> str:
    """How the weights relate, or why that is not known: ``DERIVED``, ``not compared``."""
    return "not compared" if reference.relation is None else RELATION_WORDS[reference.relation]


def relation_facts(reference: ReferenceSummary) -> str:
    """The numbers of a comparison that was made: p-value, derived share, what a miss would have been."""
    facts = [p_value(reference.log10_p)]
    if reference.grade and reference.log10_p is not None:
        facts[0] += f" ({reference.grade})"
    if (derived := share(reference.derived_share)) != MISSING:
        facts.append(f"derived share {derived}")
    if (compared := share(reference.compared_share)) != MISSING:
        facts.append(f"compared {compared} of the subject's weights")
    if (limit := detection_limit(reference.detection_limit)) != MISSING:
        facts.append(f"detection limit cosine {limit}")
    return ", ".join(facts)


def origin_words(reference: ReferenceSummary) -> str:
    """Why it was looked at: ``given, declared on the card``."""
    words = _ORIGIN_WORDS[reference.origin]
    return f"{words}, {_ORIGIN_WORDS['declared']}" if reference.declared and reference.origin != "declared" else words


def ancestor_lines(reference: ReferenceSummary) -> Iterator[str]:
    """The bases behind a reference, one line each, nearest first."""
    for ancestor in reference.ancestors:
        licence = licence_words(ancestor.licence) if ancestor.licence else "licence not known"
        through = " ← ".join(cut_middle(name, 60) for name in ancestor.through)
        yield f"{cut_middle(ancestor.ref, 60)} ({licence}), through {through}"


def place(location: Location) -> str:
    """A file and its line: ``README.md:3``."""
    return f"{cut_middle(location.file, 120)}:{location.line}"


def claim_place(claim: ClaimRecord) -> str:
    """Where a claim was read: ``README.md:3 license``; the policy's are marked."""
    line = "" if claim.line is None else f":{claim.line}"
    field = f" {cut(claim.field, 60)}" if claim.field else ""
    origin = " (policy)" if claim.origin == "policy" else ""
    return f"{cut_middle(claim.file, 100)}{line}{field}{origin}"


def suppression_words(suppression: Suppression) -> str:
    """Why a finding does not count: ``allow-list until 2027-01-31: agreed with the publisher``."""
    until = f" until {suppression.expires}" if suppression.expires else ""
    return f"{suppression.kind}{until}: {suppression.reason}"


def rule_heading(finding: Finding, rules: Mapping[str, RuleInfo]) -> str:
    """A rule by its id and its name in words: ``LA101 undeclared-base``."""
    rule = rules.get(finding.rule_id)
    return f"{finding.rule_id} {rule.name}" if rule else finding.rule_id


def rules_by_id(report: CheckReport) -> dict[str, RuleInfo]:
    """The rules of a report by their ids."""
    return {rule.rule_id: rule for rule in report.rules}


def run_words(report: CheckReport) -> str:
    """How thoroughly this run looked: the effort, the budget, the bytes read of the subject and the time."""
    read = byte_size(report.subject.bytes_read)
    references = plural(len(report.references), "reference")
    budget = f" within {byte_size(report.budget)} a model" if report.budget is not None else ""
    return f"effort {cut(report.effort, 24)}{budget}: {read} of the subject, {references}, {duration(report.seconds)}"


def _verb(fail_on: FailOn) -> str:
    return "fails" if fail_on in {"note", "never"} else "fail"
