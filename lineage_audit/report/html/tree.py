"""The page of a family tree: the drawing, every edge, the models that stand alone."""

from __future__ import annotations

from lineage_audit.report.html.figures import family_tree, inline
from lineage_audit.report.html.markup import Markup, element, joined, name, sentence
from lineage_audit.report.html.page import HtmlPage, PageSection
from lineage_audit.report.html.sections import run
from lineage_audit.report.html.sections.answer import facts, said
from lineage_audit.report.html.tables import Cell, Column, Value, number_columns, table
from lineage_audit.report.numbers import MISSING, coefficient, detection_limit, duration, logarithm, magnitude
from lineage_audit.report.wording.tree import edge_words, is_unknown, name_of
from lineage_audit.results import FamilyTree, TreeEdge
from lineage_audit.sizes import plural

ANSWER = "shared-origin"
_FOOT = "lineage-audit {}. A tree holds the models that were given; an ancestor that nobody named is drawn as such."


def tree_page(tree: FamilyTree) -> HtmlPage:
    """A family tree as a page."""
    sections = (
        run.caveats(tree.caveats),
        PageSection("edges", "Every edge", "", _edges(tree)),
        PageSection("models", "The models as they were read", "", _models(tree)),
        run.reproduce(_command(tree), (), tree.run),
    )
    return HtmlPage("Family tree", ANSWER, _head(tree), sections, _FOOT.format(tree.tool_version))


def _head(tree: FamilyTree) -> Markup:
    figure = family_tree(tree)
    limit = detection_limit(tree.detection_limit)
    told = (
        ("Compared", f"{plural(tree.comparisons, 'pair')} of fingerprints"),
        ("Undecided", plural(tree.undecided, "pair")),
        ("Would have seen", "not known" if limit == MISSING else f"cosine {limit}"),
    )
    return joined(
        run.brand(tree, f"tree, {duration(tree.seconds)}"),
        said("FAMILY TREE", "", tree),
        inline(figure) if figure else element("p", "No two models are related."),
        facts(told),
        run.first_caveats(tree.caveats),
        run.first_pinned([(model.ref, None, model.digest) for model in tree.models]),
        run.command_line(_command(tree)),
    )


def _edges(tree: FamilyTree) -> Markup:
    columns = (
        Column("From"),
        Column("Direction"),
        Column("To"),
        Column("What was done", is_wide=True),
        Column("Relation"),
        *number_columns("Distance", "log10 p ≤"),
    )
    return table("Every line of the tree, nearest relatives first", columns, (_edge(tree, e) for e in tree.edges))


def _edge(tree: FamilyTree, edge: TreeEdge) -> tuple[Cell, ...]:
    return (
        _name(tree, edge.source),
        "made into" if edge.directed else "not shown",
        _name(tree, edge.target),
        sentence(edge_words(edge)),
        edge.relation,
        Value(coefficient(edge.distance), edge.distance),
        Value(logarithm(edge.log10_p), edge.log10_p),
    )


def _name(tree: FamilyTree, identifier: str) -> Markup:
    shown = name_of(tree, identifier)
    return sentence(shown) if is_unknown(tree, identifier) else name(shown)


def _models(tree: FamilyTree) -> Markup:
    columns = (Column("Model"), *number_columns("Group"), Column("Architecture"), *number_columns("Parameters"))
    rows = (
        (
            name(model.ref),
            Value(str(model.group), model.group),
            sentence(model.architecture),
            Value(magnitude(model.parameters), model.parameters),
            name(model.digest),
        )
        for model in tree.models
    )
    return table("Every model, its group of relatives, and what pins it", (*columns, Column("Digest")), rows)


def _command(tree: FamilyTree) -> list[str]:
    return ["lineage-audit", "tree", *(model.ref for model in tree.models)]
