"""A family tree as a Mermaid flowchart.

Nodes are called by their ids. In labels every character that is not plainly harmless is written as Mermaid's numeric
entity, so that no name can end a label, open a tag or a link, or begin a comment or a directive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage_audit.report.escaping import printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.wording.tree import UNKNOWN, edge_words, name_of
from lineage_audit.results import FamilyTree, TreeEdge

_HARMLESS = frozenset(" ._-/,+")


def render_tree_mermaid(tree: FamilyTree) -> str:
    """A family tree as a Mermaid flowchart, ending in a newline."""
    return "\n".join(_lines(tree)) + "\n"


def _lines(tree: FamilyTree) -> Iterator[str]:
    yield "flowchart TD"
    for model in tree.models:
        yield f'  {model.id}["{_label(name_of(tree, model.id))}"]'
    for ancestor in tree.unknown:
        yield f'  {ancestor.id}["{_label(UNKNOWN)}"]:::unknown'
    for edge in tree.edges:
        yield f"  {edge.source} {_arrow(edge)} {edge.target}"
    if tree.unknown:
        yield "  classDef unknown stroke-dasharray: 5 5"


def _arrow(edge: TreeEdge) -> str:
    if edge.kind == "origin":
        return "-.->"
    line = "==>" if edge.kind == "merge" else "-->" if edge.directed else "---"
    return f'{line}|"{_label(edge_words(edge))}"|'


def _label(text: str) -> str:
    """Mermaid reads ``#35;`` as the character of that number."""
    shown = printable(text)
    return "".join(c if c.isalnum() or c in _HARMLESS else f"#{ord(c)};" for c in shown)


RENDERERS: Mapping[type, Renderer] = {FamilyTree: render_tree_mermaid}
