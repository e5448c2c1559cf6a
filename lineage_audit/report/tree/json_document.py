"""A family tree as a JSON document of schema 1 (``schema/tree-1.schema.json``)."""

from __future__ import annotations

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import FamilyTree

TREE_SCHEMA = "lineage-audit/tree/1"


def tree_document(tree: FamilyTree) -> Document:
    """A family tree as a document, field by field."""
    body = plain(tree)
    del body["tool_version"]
    return {"schema": TREE_SCHEMA, "tool": {"name": TOOL, "version": plain(tree.tool_version)}, **body}


def render_tree_json(tree: FamilyTree) -> str:
    """A family tree as JSON text: indented by two, ending in a newline."""
    return written(tree_document(tree))
