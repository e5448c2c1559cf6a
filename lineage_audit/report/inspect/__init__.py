"""The formats of an inspection, one file each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.inspect.json_document import render_inspection_json
from lineage_audit.report.printed import printed
from lineage_audit.results import Inspection


def render_inspection(inspection: Inspection, format_name: str) -> str:
    """An inspection as text in one of `INSPECTION_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return INSPECTION_FORMATS[format_name](inspection)


def _plain_terminal(report: Inspection) -> str:
    from lineage_audit.report.inspect.terminal import render_inspection_terminal

    return printed(report, render_inspection_terminal)


INSPECTION_FORMATS: Mapping[str, Callable[[Inspection], str]] = {
    "terminal": _plain_terminal,
    "json": render_inspection_json,
}
