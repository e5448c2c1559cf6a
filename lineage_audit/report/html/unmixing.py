"""The page of an unmixing: the method, the weight of each parent, what is left, and the recipe."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.report.escaping import cut_middle, printable
from lineage_audit.report.html.figures import inline, merge_figure
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import HtmlPage, PageSection, folded
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts, said
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import coefficient, duration, magnitude, share
from lineage_audit.report.wording.unmixing import (
    METHOD_MEANINGS,
    METHOD_WORDS,
    method_facts,
    part_weights,
    source_references,
    source_words,
    weight,
)
from lineage_audit.results import MergedPart, Unmixing

_FOOT = "lineage-audit {}. Weights are those of the named parents; another parent shows as what is left."


def unmixing_page(unmixing: Unmixing) -> HtmlPage:
    """An unmixing as a page."""
    figure = merge_figure(unmixing)
    sections = (
        run.caveats(unmixing.caveats),
        PageSection("weights", "Weights", "", joined(_weights(unmixing), inline(figure) if figure else None)),
        PageSection("parts", "Part by part", "", _all_parts(unmixing)),
        PageSection("recipe", "A recipe that makes it again", "", _recipe(unmixing.recipe)),
        run.pinned(_models(unmixing)),
        run.reproduce(_command(unmixing), (), unmixing.run),
    )
    title = f"{METHOD_WORDS[unmixing.method].capitalize()}: {cut_middle(unmixing.child.ref, 80)}"
    return HtmlPage(title, _answer_of(unmixing), _head(unmixing), sections, _FOOT.format(unmixing.tool_version))


def _answer_of(unmixing: Unmixing) -> str:
    """The answer that decides the colours."""
    return "inconclusive" if unmixing.method == "unknown" else "derived"


def _head(unmixing: Unmixing) -> Markup:
    return joined(
        run.brand(unmixing, f"unmix, {duration(unmixing.seconds)}"),
        said(METHOD_WORDS[unmixing.method], METHOD_MEANINGS[unmixing.method], unmixing),
        facts(tuple(method_facts(unmixing))),
        run.first_caveats(unmixing.caveats),
        run.first_pinned(_models(unmixing)),
        run.command_line(_command(unmixing)),
    )


def _weights(unmixing: Unmixing) -> Markup:
    shown = zip(unmixing.parents, unmixing.weights, strict=False)
    rows = ((name(parent.ref), Value(weight(found), found.value)) for parent, found in shown)
    return table("Merge weights with 95% intervals", (Column("Parent"), *number_columns("Weight")), rows)


def _all_parts(unmixing: Unmixing) -> Markup:
    layers = _parts(unmixing, "Every layer of the child", unmixing.layers)
    return joined(_parts(unmixing, "Every tensor group of the child", unmixing.parts), folded("By layer", layers))


def _parts(unmixing: Unmixing, caption: str, parts: Sequence[MergedPart]) -> Markup:
    numbers = [f"Parent {number + 1}" for number in range(len(unmixing.parents))]
    ends = ("Residual", "Unexplained")
    columns = (Column("Part"), *number_columns("Parameters", *numbers, *ends), Column("Taken from"))
    return table(caption, columns, (_part(unmixing, part) for part in parts))


def _part(unmixing: Unmixing, part: MergedPart) -> tuple[Cell, ...]:
    count = len(unmixing.parents)
    keys = [one.value for one in part.weights] if part.weights else [None] * count
    return (
        sentence(part.name),
        Value(magnitude(part.parameters), part.parameters),
        *map(Value, part_weights(part, count), keys),
        Value(coefficient(part.residual), part.residual),
        Value(share(part.unexplained), part.unexplained),
        sentence(source_words(part.source, source_references(unmixing))),
    )


def _recipe(recipe: str | None) -> Markup:
    if not recipe:
        return Markup("")
    lines = (Markup(f"{joined(printable(line)).text}\n") for line in recipe.splitlines())
    return joined(element("p", "For mergekit:"), element("pre", element("code", lines)))


def _models(unmixing: Unmixing) -> list[run.Pinned]:
    models = (unmixing.child, *unmixing.parents, *((unmixing.base,) if unmixing.base else ()))
    return [(model.ref, model.revision, model.digest) for model in models]


def _command(unmixing: Unmixing) -> list[str]:
    parents = [word for parent in unmixing.parents for word in ("--parent", run.with_revision(parent))]
    base = ["--base", run.with_revision(unmixing.base)] if unmixing.base else []
    return ["lineage-audit", "unmix", run.with_revision(unmixing.child), *parents, *base]
