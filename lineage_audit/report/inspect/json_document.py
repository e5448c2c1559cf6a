"""An inspection as a JSON document of schema 1 (``schema/inspection-1.schema.json``), field by field in their order."""

from __future__ import annotations

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import Inspection

INSPECTION_SCHEMA = "lineage-audit/inspection/1"


def inspection_document(inspection: Inspection) -> Document:
    """An inspection as a document; fields become objects with named members."""
    body = plain(inspection)
    del body["tool_version"]
    body["fields"] = [dict(zip(("field", "value", "origin"), row, strict=True)) for row in body["fields"]]
    body["other_fields"] = [dict(zip(("field", "value"), row, strict=True)) for row in body["other_fields"]]
    head = {
        "schema": INSPECTION_SCHEMA,
        "tool": {"name": TOOL, "version": plain(inspection.tool_version)},
    }
    return {**head, **body}


def render_inspection_json(inspection: Inspection) -> str:
    """An inspection as JSON text: indented by two, ending in a newline."""
    return written(inspection_document(inspection))
