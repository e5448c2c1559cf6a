"""A check as a JSON document of schema 1 (``schema/check-1.schema.json``), field by field in their order."""

from __future__ import annotations

import json
from importlib.resources import files

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import CheckReport

CHECK_SCHEMA = "lineage-audit/check/1"


def check_document(report: CheckReport) -> Document:
    """A check as a document."""
    body = plain(report)
    head = {"schema": CHECK_SCHEMA, "tool": {"name": TOOL, "version": body.pop("tool_version")}}
    return {**head, **body}


def render_check_json(report: CheckReport) -> str:
    """A check as JSON text: indented by two, ending in a newline."""
    return written(check_document(report))


def check_schema() -> Document:
    """The JSON Schema (draft 2020-12) that the documents of this version fulfil."""
    path = files("lineage_audit.report") / "schema" / "check-1.schema.json"
    schema: Document = json.loads(path.read_text(encoding="utf-8"))
    return schema
