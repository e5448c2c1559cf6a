"""A family tree on a terminal, drawn from each group's root outward."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from lineage_audit.report.escaping import cut
from lineage_audit.report.numbers import coefficient, detection_limit, duration, logarithm
from lineage_audit.report.terminal.page import LABEL_STYLE, QUIET, Cell, Column, Page
from lineage_audit.report.wording.tree import Step, edge_words, headline, is_unknown, name_of, walk
from lineage_audit.results import FamilyTree, TreeEdge

_LONGEST_SENTENCE = 400
_EDGE_COLUMNS: tuple[Column, ...] = (
    ("From", "left"),
    ("", "left"),
    ("To", "left"),
    ("What was done", "left"),
    ("Distance", "right"),
    ("log10 p ≤", "right"),
)


def render_tree_terminal(tree: FamilyTree, *, console: Console) -> None:
    """Print a family tree."""
    page = Page(console)
    title = page.text(f"lineage-audit {tree.tool_version}", LABEL_STYLE)
    told = f"  tree: {tree.comparisons:,} comparisons of fingerprints, {duration(tree.seconds)}"
    page.line(page.joined((title, page.text(told, QUIET))))
    page.blank()
    page.line(page.text(headline(tree), LABEL_STYLE))
    for drawn in _drawn(page, tree):
        page.blank()
        page.print(drawn)
    alone = [group[0] for group in tree.groups if len(group) == 1]
    if alone:
        page.blank()
        lines = [page.text(name_of(tree, identifier)) for identifier in alone]
        page.labelled([("Alone", lines)])
        limit = detection_limit(tree.detection_limit)
        page.labelled([("", (page.text(f"a relation above a cosine of {limit} would have shown", QUIET),))])
    page.blank()
    page.line(page.text("→ made from   ─ which came first is not shown   ┄ through an ancestor not named", QUIET))
    page.blank()
    caveats = page.listed([("•", cut(caveat, _LONGEST_SENTENCE)) for caveat in tree.caveats])
    page.labelled([("Caveats", (caveats if tree.caveats else page.text("none", QUIET),))])


def render_tree_details(tree: FamilyTree, *, console: Console) -> None:
    """Print every edge with its numbers, and what pins each model."""
    page = Page(console)
    page.heading("Every edge")
    page.table(_EDGE_COLUMNS, (_edge_row(tree, edge) for edge in tree.edges))
    page.heading("Models")
    page.labelled([(model.id, (model.ref, page.text(model.digest, QUIET))) for model in tree.models])


def _edge_row(tree: FamilyTree, edge: TreeEdge) -> tuple[Cell, ...]:
    return (
        name_of(tree, edge.source),
        "→" if edge.directed else "–",
        name_of(tree, edge.target),
        edge_words(edge),
        coefficient(edge.distance),
        logarithm(edge.log10_p),
    )


def _drawn(page: Page, tree: FamilyTree) -> Iterator[Tree]:
    """One rich tree for every group of relatives."""
    branches: list[Tree] = []
    root: Tree | None = None
    lonely = {group[0] for group in tree.groups if len(group) == 1}
    for step in walk(tree):
        if step.identifier in lonely and not step.depth:
            continue
        if not step.depth:
            if root is not None:
                yield root
            root = Tree(_label(page, tree, step), guide_style=QUIET)
            branches = [root]
            continue
        del branches[step.depth :]
        branches.append(branches[-1].add(_label(page, tree, step)))
    if root is not None:
        yield root


def _label(page: Page, tree: FamilyTree, step: Step) -> Text:
    """A node with the mark of the edge that leads to it, and what was done on the way."""
    name = page.text(name_of(tree, step.identifier), "italic" if is_unknown(tree, step.identifier) else LABEL_STYLE)
    if step.edge is None:
        return name
    mark = "┄" if step.edge.kind == "origin" else ("→" if step.away else "←") if step.edge.directed else "─"
    words = edge_words(step.edge) + (" (drawn above)" if step.again else "")
    return page.joined((page.text(f"{mark} ", QUIET), name, page.text(f"  {words}", QUIET)))
