"""The formats of an unmixing, one file each, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lineage_audit.report.printed import printed
from lineage_audit.report.unmix.json_document import render_unmix_json
from lineage_audit.report.unmix.markdown import render_unmix_markdown
from lineage_audit.results import Unmixing


def render_unmixing(unmixing: Unmixing, format_name: str) -> str:
    """An unmixing as text in one of `UNMIX_FORMATS`.

    Raises:
        KeyError: there is no such format.
    """
    return UNMIX_FORMATS[format_name](unmixing)


def _html(unmixing: Unmixing) -> str:
    from lineage_audit.report.html import render_unmix_html

    return render_unmix_html(unmixing)


def _plain_terminal(unmixing: Unmixing) -> str:
    from lineage_audit.report.unmix.terminal import render_unmix_terminal

    return printed(unmixing, render_unmix_terminal)


UNMIX_FORMATS: Mapping[str, Callable[[Unmixing], str]] = {
    "terminal": _plain_terminal,
    "json": render_unmix_json,
    "markdown": render_unmix_markdown,
    "html": _html,
}
