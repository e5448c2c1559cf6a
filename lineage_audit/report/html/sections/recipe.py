"""What was done on the way from one model to the other, as steps, with what each rests on and what is left."""

from __future__ import annotations

from lineage_audit.report.html.figures import inline, recipe_figure, spectrum_figures
from lineage_audit.report.html.markup import Markup, element, joined
from lineage_audit.report.html.names import opening, sentence
from lineage_audit.report.html.page import PageSection
from lineage_audit.results import Operation, Report

_LEAD = (
    "The operations that were found, in the order in which a recipe would apply them, each with what it was seen in."
)


def recipe(report: Report) -> PageSection:
    """The steps and their figures; no section where no operation was found."""
    operations = report.verdict.operations
    if not operations:
        return PageSection("recipe", "", "", Markup(""))
    figures = [figure for figure in (recipe_figure(report.weights.stages),) if figure] + spectrum_figures(report)
    shown = element("div", map(inline, figures), class_="figures") if figures else None
    steps = element("ol", map(_step, operations), class_="steps")
    return PageSection("recipe", "The recipe", _LEAD, joined(steps, shown))


def _step(operation: Operation) -> Markup:
    return element(
        "li",
        element("h3", operation.kind.replace("-", " ").capitalize().replace("Lora", "LoRA")),
        element("p", sentence(opening(operation.detail))),
        element("p", "Seen in: ", sentence(operation.evidence), class_="aside"),
    )
