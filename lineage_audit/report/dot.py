"""A family tree in Graphviz' language.

Nodes are called by their ids; what a model is called stands only in quoted labels, where quotes and backslashes are
escaped, so that no name can end a label or mean an escape of Graphviz' own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineage_audit.report.escaping import printable
from lineage_audit.report.formats import Renderer
from lineage_audit.report.wording.tree import UNKNOWN, edge_words, name_of
from lineage_audit.results import FamilyTree, TreeEdge

_EDGE_STYLES = {"descent": "", "merge": ", style=bold", "origin": ", style=dashed"}


def _render_tree_dot(tree: FamilyTree) -> str:
    """A family tree as a DOT graph, ending in a newline."""
    return "\n".join(_lines(tree)) + "\n"


def _lines(tree: FamilyTree) -> Iterator[str]:
    yield "digraph lineage {"
    yield '  node [shape=box, fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize=10];'
    for model in tree.models:
        yield f"  {model.id} [label={_quoted(name_of(tree, model.id))}];"
    for ancestor in tree.unknown:
        yield f"  {ancestor.id} [label={_quoted(UNKNOWN)}, style=dashed];"
    for edge in tree.edges:
        yield f"  {edge.source} -> {edge.target} [{_attributes(edge)}];"
    yield "}"


def _attributes(edge: TreeEdge) -> str:
    direction = "" if edge.directed else ", dir=none"
    return f"label={_quoted(edge_words(edge))}{direction}{_EDGE_STYLES[edge.kind]}"


def _quoted(text: str) -> str:
    shown = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


RENDERERS: Mapping[type, Renderer] = {FamilyTree: _render_tree_dot}
