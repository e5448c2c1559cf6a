"""A family tree as Markdown: a Mermaid drawing, which hosts show as a picture, and every edge in a table."""

from __future__ import annotations

from lineage_audit.report.markdown.text import bullets, code, folded, prose, table
from lineage_audit.report.mermaid import render_tree_mermaid
from lineage_audit.report.numbers import coefficient, logarithm
from lineage_audit.report.wording.tree import edge_words, headline, is_unknown, name_of
from lineage_audit.results import FamilyTree, TreeEdge


def render_tree_markdown(tree: FamilyTree) -> str:
    """A family tree as Markdown text, ending in a newline."""
    rows = [_row(tree, edge) for edge in tree.edges]
    head = ("From", "", "To", "What was done", "Distance", "log10 p ≤")
    blocks = (
        "## Family tree",
        f"**{prose(headline(tree))}.**",
        f"```mermaid\n{render_tree_mermaid(tree)}```",
        folded("Every edge", table(head, rows) if rows else ""),
        "### Caveats",
        bullets(map(prose, tree.caveats)) or "None.",
        f"<sub>lineage-audit {prose(tree.tool_version)}, tree: {tree.comparisons:,} comparisons of fingerprints.</sub>",
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


def _row(tree: FamilyTree, edge: TreeEdge) -> tuple[str, ...]:
    return (
        _name(tree, edge.source),
        "→" if edge.directed else "–",
        _name(tree, edge.target),
        prose(edge_words(edge)),
        coefficient(edge.distance),
        logarithm(edge.log10_p),
    )


def _name(tree: FamilyTree, identifier: str) -> str:
    name = name_of(tree, identifier)
    return prose(name) if is_unknown(tree, identifier) else code(name)
