"""The page of a comparison, from the sentence that answers to the command that repeats it."""

from __future__ import annotations

from lineage_audit.report.escaping import cut_middle
from lineage_audit.report.html.page import page
from lineage_audit.report.html.sections import evidence, recipe, run
from lineage_audit.report.html.sections.answer import answer
from lineage_audit.report.html.sections.findings import findings
from lineage_audit.report.wording import RELATION_WORDS
from lineage_audit.results import Report


def render_html(report: Report) -> str:
    """A comparison as one HTML file that needs nothing else."""
    a, b = (cut_middle(model.ref, 60) for model in (report.a, report.b))
    sections = (
        findings(report),
        evidence.nulls(report),
        evidence.layers(report),
        recipe.recipe(report),
        evidence.tests(report),
        run.caveats(report.verdict.caveats),
        run.models(report),
        run.reproduce(run.compare_command(report), report.parameters.items()),
    )
    title = f"{RELATION_WORDS[report.verdict.relation].capitalize()}: {a} and {b}"
    return page(title, report.verdict.relation, answer(report), sections, _FOOT.format(report.tool_version))


_FOOT = "lineage-audit {}. Related weights say nothing of permission; unrelated ones nothing of distillation."
