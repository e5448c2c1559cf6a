"""The page of a check: the outcome, what does not fit and where, then what it was held against."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import HtmlPage
from lineage_audit.report.html.sections import references, run
from lineage_audit.report.html.sections.answer import said
from lineage_audit.report.html.sections.violations import suppressed, violations, violations_in_short
from lineage_audit.report.wording.check import (
    OUTCOME_MEANINGS,
    OUTCOME_WORDS,
    headline,
    run_words,
    subject_facts,
    unchecked,
)
from lineage_audit.results import CheckReport, ModelSummary, ReferenceSummary

_FOOT = "lineage-audit {}. Findings compare files with licence terms; they are no legal advice."


def check_page(report: CheckReport) -> HtmlPage:
    """A check as a page."""
    sections = (
        run.caveats(report.caveats),
        violations(report),
        references.licences(report),
        references.references(report),
        suppressed(report),
        references.claims(report),
        run.pinned(_models(report)),
        run.reproduce(run.check_command(report), _parameters(report), report.run),
    )
    title = f"{OUTCOME_WORDS[report.outcome].capitalize()}: {cut_middle(report.subject.ref, 80)}"
    return HtmlPage(title, report.outcome, _head(report), sections, _FOOT.format(report.tool_version))


def _head(report: CheckReport) -> Markup:
    missing = [element("li", "Not checked: ", sentence(one)) for one in unchecked(report)]
    return joined(
        run.brand(report, f"check, {run_words(report)}"),
        said(OUTCOME_WORDS[report.outcome], OUTCOME_MEANINGS[report.outcome], report),
        element("p", sentence(headline(report)), class_="terms"),
        element("dl", (_fact(*fact) for fact in subject_facts(report)), class_="facts"),
        element("ul", missing, class_="unchecked") if missing else None,
        violations_in_short(report),
        run.first_caveats(report.caveats),
        run.first_pinned(_models(report)),
        run.command_line(run.check_command(report)),
    )


def _fact(label: str, value: str) -> Markup:
    return element("div", element("dt", label), element("dd", name(value) if label == "Subject" else sentence(value)))


def _models(report: CheckReport) -> list[run.Pinned]:
    models: tuple[ModelSummary | ReferenceSummary, ...] = (report.subject, *report.references)
    return [(model.ref, model.revision, model.digest) for model in models]


def _parameters(report: CheckReport) -> tuple[tuple[str, str | None], ...]:
    return (
        ("checked at", report.checked_at),
        ("effort", report.effort),
        ("budget in bytes", None if report.budget is None else f"{report.budget:,}"),
        ("fail on", report.fail_on),
        ("policy", report.policy),
    )
