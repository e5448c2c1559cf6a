"""The tables of a result as rows of plain values, for data frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lineage_audit.errors import LineageAuditError
from lineage_audit.report.json.document import plain
from lineage_audit.results import (
    Behaviour,
    CheckReport,
    Comparisons,
    FamilyTree,
    Identification,
    Inspection,
    Report,
    Result,
    Unmixing,
)

Row = dict[str, Any]

_TABLES: Mapping[type, Mapping[str, Callable[[Any], Sequence[object]]]] = {
    Report: {
        "layers": lambda report: report.weights.layers,
        "tests": lambda report: report.evidence,
        "roles": lambda report: report.weights.roles,
        "operations": lambda report: report.verdict.operations,
        "parts": lambda report: report.verdict.parts,
    },
    Comparisons: {
        "models": lambda comparisons: [_model_row(report) for report in comparisons.reports],
        "unread": lambda comparisons: comparisons.unread,
    },
    CheckReport: {
        "findings": lambda report: report.findings,
        "references": lambda report: report.references,
        "claims": lambda report: report.claims,
    },
    Inspection: {"roles": lambda inspection: inspection.roles, "claims": lambda inspection: inspection.claims},
    Identification: {"relatives": lambda found: found.relatives},
    FamilyTree: {"edges": lambda tree: tree.edges, "models": lambda tree: tree.models},
    Behaviour: {"controls": lambda behaviour: behaviour.controls},
    Unmixing: {"layers": lambda unmixing: unmixing.layers, "parts": lambda unmixing: unmixing.parts},
}
"""Result type -> name of a table -> its rows; the first table is the default."""


def _model_row(report: Report) -> Mapping[str, object]:
    """The verdict of one of many comparisons, beside the model that it is about."""
    return {"model": report.b.ref, **plain(report.verdict)}


def rows_of(result: Result, table: str | None = None) -> list[Row]:
    """A table of a result, one dictionary a row; what has parts of its own (spectra, layers of a test) is left out.

    Raises:
        LineageAuditError: the result has no such table.
    """
    tables = _TABLES[type(result)]
    name = table or next(iter(tables))
    if name not in tables:
        raise LineageAuditError(f"{name!r} is no table of this result; use one of {', '.join(tables)}")
    rows: list[Row] = [plain(row) for row in tables[name](result)]
    left_out = {key for row in rows for key, value in row.items() if _has_parts(value)}
    return [{key: value for key, value in row.items() if key not in left_out} for row in rows]


def _has_parts(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    )
