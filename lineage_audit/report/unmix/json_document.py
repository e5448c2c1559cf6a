"""An unmixing as a JSON document of schema 1 (``schema/unmix-1.schema.json``)."""

from __future__ import annotations

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import Unmixing

UNMIX_SCHEMA = "lineage-audit/unmix/1"


def unmix_document(unmixing: Unmixing) -> Document:
    """An unmixing as a document, field by field; sources and collinear pairs become objects with named members."""
    body = plain(unmixing)
    del body["tool_version"]
    body["lambda"] = body.pop("lambda_")
    body["collinear"] = [dict(zip(("first", "second", "correlation"), row, strict=True)) for row in body["collinear"]]
    return {"schema": UNMIX_SCHEMA, "tool": {"name": TOOL, "version": plain(unmixing.tool_version)}, **body}


def render_unmix_json(unmixing: Unmixing) -> str:
    """An unmixing as JSON text: indented by two, ending in a newline."""
    return written(unmix_document(unmixing))
