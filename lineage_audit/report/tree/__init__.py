"""The formats of a family tree, one file each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.printed import printed
from lineage_audit.report.tree.dot import render_tree_dot
from lineage_audit.report.tree.json_document import render_tree_json
from lineage_audit.report.tree.markdown import render_tree_markdown
from lineage_audit.report.tree.mermaid import render_tree_mermaid
from lineage_audit.results import FamilyTree

TREE_SUFFIXES: Mapping[str, str] = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}
"""What a file's name ends in -> the format, beside the suffixes that all commands know."""


def render_tree(tree: FamilyTree, format_name: str) -> str:
    """A family tree as text in one of `TREE_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return TREE_FORMATS[format_name](tree)


def _html(tree: FamilyTree) -> str:
    from lineage_audit.report.html import render_tree_html

    return render_tree_html(tree)


def _plain_terminal(tree: FamilyTree) -> str:
    from lineage_audit.report.tree.terminal import render_tree_terminal

    return printed(tree, render_tree_terminal)


TREE_FORMATS: Mapping[str, Callable[[FamilyTree], str]] = {
    "terminal": _plain_terminal,
    "json": render_tree_json,
    "markdown": render_tree_markdown,
    "html": _html,
    "dot": render_tree_dot,
    "mermaid": render_tree_mermaid,
}
