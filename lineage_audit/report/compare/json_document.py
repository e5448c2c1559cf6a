"""A comparison as a JSON document of schema 1 (``schema/report-1.schema.json``), field by field in their order."""

from __future__ import annotations

from lineage_audit.report.json_document import TOOL, Document, plain, written
from lineage_audit.results import Report

REPORT_SCHEMA = "lineage-audit/report/1"


def to_document(report: Report) -> Document:
    """A comparison as a document; the layers stand beside the weights, for whoever plots them."""
    weights = plain(report.weights)
    layers = weights.pop("layers")
    return {
        "schema": REPORT_SCHEMA,
        "tool": {"name": TOOL, "version": plain(report.tool_version)},
        "a": plain(report.a),
        "b": plain(report.b),
        "effort": report.effort,
        "seconds": plain(report.seconds),
        "verdict": plain(report.verdict),
        "architecture": plain(report.architecture),
        "names": plain(report.names),
        "tokenizer": plain(report.tokenizer),
        "weights": weights,
        "layers": layers,
        "parameters": plain(report.parameters),
        "evidence": plain(report.evidence),
    }


def render_json(report: Report) -> str:
    """A comparison as JSON text: indented by two, ending in a newline."""
    return written(to_document(report))
