"""What a check found, rule by rule: where it stands, what it rests on, how to put it right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import PageSection, folded
from lineage_audit.report.wording.check import place, rules_by_id, suppression_words
from lineage_audit.results import CheckReport, Finding, RuleInfo

_MOST_FINDINGS = 200
_MOST_EVIDENCE = 12
_MOST_IN_SHORT = 6


def violations(report: CheckReport) -> PageSection:
    """The findings that count."""
    counting = [finding for finding in report.findings if finding.counts]
    body = _by_rule(report, counting) if counting else element("p", "Nothing that counts was found.")
    return PageSection("findings", "Findings", "", body)


def violations_in_short(report: CheckReport) -> Markup:
    """The first findings that count, one sentence each, for the summary."""
    counting = [finding for finding in report.findings if finding.counts]
    shown = [
        element("li", element("strong", f"{one.level} "), name(one.rule_id), " ", sentence(one.message))
        for one in counting[:_MOST_IN_SHORT]
    ]
    more = len(counting) - len(shown)
    rest = element("li", element("a", f"and {more} more", href="#findings")) if more > 0 else None
    return element("ul", shown, rest, class_="short") if shown else Markup("")


def suppressed(report: CheckReport) -> PageSection:
    """The findings that do not count, each with its reason; no section where there are none."""
    quiet = [finding for finding in report.findings if not finding.counts]
    return PageSection("suppressed", "Findings that do not count", "", _by_rule(report, quiet))


def _by_rule(report: CheckReport, findings: Sequence[Finding]) -> Markup:
    """Findings under their rules, in the order in which the rules first occur."""
    rules = rules_by_id(report)
    shown = findings[:_MOST_FINDINGS]
    ids = dict.fromkeys(finding.rule_id for finding in shown)
    groups = [_rule(rule_id, rules.get(rule_id), [f for f in shown if f.rule_id == rule_id]) for rule_id in ids]
    more = len(findings) - len(shown)
    return joined(groups, element("p", f"and {more:,} more") if more > 0 else None)


def _rule(rule_id: str, rule: RuleInfo | None, findings: Sequence[Finding]) -> Markup:
    heading = element("h3", name(rule_id), " ", sentence(rule.title if rule else "A rule that this report lacks"))
    help_text = folded("What this rule checks", _help(rule)) if rule else None
    return element("article", heading, (_finding(finding) for finding in findings), help_text)


def _help(rule: RuleInfo) -> Iterator[Markup]:
    yield element("p", sentence(rule.help))
    yield element("p", "Documentation: ", name(rule.documentation), class_="aside")


def _finding(finding: Finding) -> Markup:
    """One finding: level and place, the sentence, its evidence, its fix."""
    evidence = [element("li", sentence(line)) for line in finding.evidence[:_MOST_EVIDENCE]]
    if (more := len(finding.evidence) - _MOST_EVIDENCE) > 0:
        evidence.append(element("li", f"and {more:,} more"))
    against = joined(", against ", name(finding.reference)) if finding.reference else None
    reason = finding.suppression and f"Does not count: {suppression_words(finding.suppression)}"
    return element(
        "div",
        element(
            "p",
            element("span", finding.level, class_="level"),
            name(place(finding.location)),
            against,
            class_="where",
        ),
        element("p", sentence(finding.message), class_="message"),
        element("ul", evidence) if evidence else None,
        element("p", element("strong", "Fix: "), sentence(finding.fix), class_="fix"),
        element("p", sentence(reason), class_="aside") if reason else None,
        class_=f"finding {finding.level}",
    )
