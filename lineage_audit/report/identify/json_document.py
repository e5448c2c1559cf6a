"""An identification as a JSON document of schema 1."""

from __future__ import annotations

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import Identification

IDENTIFICATION_SCHEMA = "lineage-audit/identification/1"


def identification_document(identification: Identification) -> Document:
    """An identification as a document, field by field."""
    body = plain(identification)
    version = body.pop("tool_version")
    return {"schema": IDENTIFICATION_SCHEMA, "tool": {"name": TOOL, "version": version}, **body}


def render_identification_json(identification: Identification) -> str:
    """An identification as JSON text: indented by two, ending in a newline."""
    return written(identification_document(identification))
