"""The formats of an identification, one file each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.identify.json_document import render_identification_json
from lineage_audit.report.identify.markdown import render_identification_markdown
from lineage_audit.report.printed import printed
from lineage_audit.results import Identification


def render_identification(identification: Identification, format_name: str) -> str:
    """An identification as text in one of `IDENTIFICATION_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return IDENTIFICATION_FORMATS[format_name](identification)


def _html(identification: Identification) -> str:
    from lineage_audit.report.html import render_identification_html

    return render_identification_html(identification)


def _plain_terminal(identification: Identification) -> str:
    from lineage_audit.report.identify.terminal import render_identification_terminal

    return printed(identification, render_identification_terminal)


IDENTIFICATION_FORMATS: Mapping[str, Callable[[Identification], str]] = {
    "terminal": _plain_terminal,
    "json": render_identification_json,
    "markdown": render_identification_markdown,
    "html": _html,
}
