"""Results as JSON documents (``schema/*.schema.json``), and documents read back into results."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.report.formats import Renderer
from lineage_audit.report.json.document import Document
from lineage_audit.report.json.documents import document_of, kind_of, result_from, schema_of, to_json
from lineage_audit.results import RESULTS

__all__ = ["RENDERERS", "Document", "document_of", "kind_of", "result_from", "schema_of", "to_json"]

RENDERERS: Mapping[type, Renderer] = dict.fromkeys(RESULTS, to_json)
