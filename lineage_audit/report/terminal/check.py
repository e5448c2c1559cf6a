"""A check on a terminal: the answer, each finding with its evidence and fix, what it was held against.

The outcome stands there as a word; its colour only repeats it. Claims, rules and what a base owes to its own
base are in the details.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from lineage_audit.report.escaping import cut
from lineage_audit.report.numbers import MISSING
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, RELATION_COLOURS, Cell, Column, Page
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
    relation_facts,
    relation_words,
    rule_heading,
    rules_by_id,
    run_words,
    subject_facts,
    suppression_words,
    unchecked,
)
from lineage_audit.report.wording.sentences import first_sentence
from lineage_audit.results import CheckReport, Finding, Level, LicenceStatement, Outcome, ReferenceSummary, RuleInfo
from lineage_audit.sizes import plural

OUTCOME_COLOURS: Mapping[Outcome, str] = {
    "passed": "green",
    "failed": "red",
    "inconclusive": "yellow",
    "not-checked": "magenta",
}
LEVEL_COLOURS: Mapping[Level, str] = {"error": "red", "warning": "yellow", "note": "cyan"}

_CLAIM_COLUMNS: tuple[Column, ...] = (("Claim", "left"), ("Value", "left"), ("Read from", "left"))
_RULE_COLUMNS: tuple[Column, ...] = (("Rule", "left"), ("Level", "left"), ("Findings", "right"), ("Checks", "left"))
_INDENT = 10
_LONGEST_SENTENCE = 600
_LONGEST_CLAIM = 100
_MOST_FINDINGS = 8
_MOST_EVIDENCE = 4
_MOST_UNCHECKED = 3
_MOST_CAVEATS = 4


def render_check_terminal(report: CheckReport, *, console: Console) -> None:
    """Print the first screen of a check."""
    page = Page(console)
    page.line(_title(page, report))
    page.blank()
    page.labelled(_head(page, report), label_style=QUIET)
    page.blank()
    page.print(_outcome_panel(page, report))
    _findings(page, report, _first(report.findings, _MOST_FINDINGS), _MOST_EVIDENCE)
    page.blank()
    page.labelled([("References", _reference_lines(page, report.references))])
    page.blank()
    page.labelled([("Caveats", _caveat_lines(page, report.caveats[:_MOST_CAVEATS]))])
    _more(page, len(report.caveats) - _MOST_CAVEATS, "caveat")


def render_check_details(report: CheckReport, *, console: Console) -> None:
    """Print everything that the first screen leaves out."""
    page = Page(console)
    if _is_cut(report):
        page.heading("All findings")
        _findings(page, report, report.findings, None)
    _licences(page, report)
    _ancestors(page, report.references)
    _claims(page, report)
    _rules(page, report)
    if len(report.caveats) > _MOST_CAVEATS:
        page.heading("All caveats")
        page.line(page.listed([("•", caveat) for caveat in report.caveats]))


def _title(page: Page, report: CheckReport) -> Text:
    name = page.text(f"lineage-audit {report.tool_version}", LABEL_STYLE)
    return page.joined((name, page.text(f"  check, {run_words(report)}", QUIET)))


def _head(page: Page, report: CheckReport) -> Iterator[tuple[str, Iterable[Cell]]]:
    for label, value in subject_facts(report):
        if value != "none":
            yield label, (page.text(value, LABEL_STYLE if label == "Subject" else ""),)
    yield "Licence claim", (licence_words(report.declared_licence),)
    if report.concluded_licence is not None:
        yield "Concluded", (_concluded(page, report.concluded_licence, report),)
    if report.policy:
        yield "Policy", (cut(report.policy, _LONGEST_CLAIM),)


def _concluded(page: Page, concluded: LicenceStatement, report: CheckReport) -> Text:
    if concluded == report.declared_licence:
        return page.text("as claimed, and it fits the bases that the weights show")
    return page.text(licence_words(concluded), LABEL_STYLE)


def _outcome_panel(page: Page, report: CheckReport) -> Panel:
    colour = OUTCOME_COLOURS[report.outcome]
    word = page.text(f" {OUTCOME_WORDS[report.outcome]} ", f"bold reverse {colour}")
    meaning = page.text(f" {OUTCOME_MEANINGS[report.outcome]} ", "default")
    missing = list(unchecked(report))
    lines: list[Text] = [page.text(_sentence(first_sentence(report)), "bold"), page.text(headline(report), QUIET)]
    lines += [page.text(f"Not checked: {_sentence(sentence)}") for sentence in missing[:_MOST_UNCHECKED]]
    if len(missing) > _MOST_UNCHECKED:
        lines.append(page.text(f"and {len(missing) - _MOST_UNCHECKED:,} more not checked", QUIET))
    return Panel(
        Group(*lines), title=page.joined((word, meaning)), title_align="left", border_style=colour, padding=(0, 1)
    )


def _findings(page: Page, report: CheckReport, findings: Iterable[Finding], most_evidence: int | None) -> None:
    rules = rules_by_id(report)
    shown = 0
    for finding in findings:
        shown += 1
        page.blank()
        page.line(_finding_title(page, finding, rules))
        page.labelled(_finding_lines(page, finding, most_evidence), label_style=QUIET, label_width=_INDENT)
    if shown < len(report.findings):
        page.blank()
        _more(page, len(report.findings) - shown, "finding")


def _finding_title(page: Page, finding: Finding, rules: Mapping[str, RuleInfo]) -> Text:
    level = finding.level if finding.counts else "suppressed"
    style = f"bold {LEVEL_COLOURS[finding.level]}" if finding.counts else QUIET
    heading = page.text(cut(rule_heading(finding, rules), 80), LABEL_STYLE if finding.counts else QUIET)
    return page.joined((page.text(f"{level} ", style), heading, page.text(f"  {place(finding.location)}", QUIET)))


def _finding_lines(page: Page, finding: Finding, most_evidence: int | None) -> Iterator[tuple[str, Iterable[Cell]]]:
    yield "", (_sentence(finding.message),)
    if finding.suppression:
        yield "because", (_sentence(suppression_words(finding.suppression)),)
        return
    if finding.evidence:
        shown = finding.evidence[:most_evidence]
        lines: list[Cell] = [page.listed([("•", _sentence(line)) for line in shown])]
        if len(shown) < len(finding.evidence):
            lines.append(page.text(f"and {len(finding.evidence) - len(shown):,} more in the details", QUIET))
        yield "evidence", lines
    yield "fix", (_sentence(finding.fix),)


def _reference_lines(page: Page, references: tuple[ReferenceSummary, ...]) -> Iterator[Cell]:
    if not references:
        yield page.text("none given, none declared", QUIET)
    for number, reference in enumerate(references):
        if number:
            yield ""
        style = f"bold {RELATION_COLOURS[reference.relation]}" if reference.relation else QUIET
        yield page.joined(
            (
                page.text(reference_name(reference), LABEL_STYLE),
                "  ",
                page.text(relation_words(reference), style),
                page.text(f"  {origin_words(reference)}", QUIET),
            )
        )
        yield _sentence(reference.summary or reference.reason or MISSING)
        if reference.relation:
            yield page.text(relation_facts(reference), QUIET)
        if reference.licence:
            yield page.text(f"licence: {licence_words(reference.licence)}", QUIET)


def _caveat_lines(page: Page, caveats: tuple[str, ...]) -> Iterator[Cell]:
    if caveats:
        yield page.listed([("•", _sentence(caveat)) for caveat in caveats])
    else:
        yield page.text("none", QUIET)


def _licences(page: Page, report: CheckReport) -> None:
    page.heading("Licences")
    rows = []
    concluded = (("Concluded", report.concluded_licence),) if report.concluded_licence else ()
    for label, licence in (("Stated", report.declared_licence), *concluded):
        lines: list[Cell] = [licence_words(licence)]
        if licence:
            lines.append(page.text(_sentence(licence.basis), QUIET))
            lines += [page.text(cut(licence.source, 200), QUIET)] if licence.source else []
        rows.append((label, lines))
    page.labelled(rows, label_style=QUIET)


def _ancestors(page: Page, references: tuple[ReferenceSummary, ...]) -> None:
    lines = [line for reference in references for line in ancestor_lines(reference)]
    if lines:
        page.heading("Bases behind the references")
        page.line(page.listed([("•", line) for line in lines]))


def _claims(page: Page, report: CheckReport) -> None:
    if report.claims:
        page.heading("Claims of the subject")
        page.table(
            _CLAIM_COLUMNS,
            (
                (cut(claim.kind, 40), cut(claim.value, _LONGEST_CLAIM), page.text(claim_place(claim), QUIET))
                for claim in report.claims
            ),
        )


def _rules(page: Page, report: CheckReport) -> None:
    page.heading("Rules")
    rows = []
    for rule in report.rules:
        count = sum(finding.rule_id == rule.rule_id for finding in report.findings)
        words = (cut(rule.rule_id, 24), rule.level, f"{count:,}", _sentence(rule.title))
        rows.append(tuple(page.text(word, "" if count else QUIET) for word in words))
    page.table(_RULE_COLUMNS, rows)


def _first(findings: tuple[Finding, ...], most: int) -> tuple[Finding, ...]:
    """The findings of the first screen: those that count before the suppressed ones, in their order."""
    return tuple(sorted(findings, key=lambda finding: not finding.counts)[:most])


def _is_cut(report: CheckReport) -> bool:
    """Whether the first screen had no room for every finding and all its evidence."""
    longest = max((len(finding.evidence) for finding in report.findings if finding.counts), default=0)
    return len(report.findings) > _MOST_FINDINGS or longest > _MOST_EVIDENCE


def _more(page: Page, count: int, noun: str) -> None:
    if count > 0:
        page.line(page.text(f"and {plural(count, f'more {noun}')} in the details", QUIET))


def _sentence(words: str) -> str:
    return cut(words, _LONGEST_SENTENCE)
