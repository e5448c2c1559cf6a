"""The page of a comparison, from the sentence that answers to the command that repeats it."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.page import HtmlPage
from lineage_audit.report.html.sections import evidence, run
from lineage_audit.report.html.sections.answer import answer
from lineage_audit.report.html.sections.findings import findings, recipe
from lineage_audit.report.wording import RELATION_WORDS
from lineage_audit.results import Report


def comparison_page(report: Report) -> HtmlPage:
    """A comparison as a page."""
    a, b = (cut_middle(model.ref, 60) for model in (report.a, report.b))
    sections = (
        run.caveats(report.verdict.caveats),
        findings(report),
        evidence.layers(report),
        recipe(report),
        evidence.tests(report),
        evidence.nulls(report),
        run.weight_files(report),
        run.reproduce(run.compare_command(report), report.parameters.items(), report.run),
    )
    title = f"{RELATION_WORDS[report.verdict.relation].capitalize()}: {a} and {b}"
    return HtmlPage(title, report.verdict.relation, answer(report), sections, _FOOT.format(report.tool_version))


_FOOT = "lineage-audit {}. Related weights say nothing of permission; unrelated ones nothing of distillation."
