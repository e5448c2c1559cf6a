"""The renderer: a finished result in, a document out. It knows the result types and nothing else.

Each format is a room that bears its name, with one file a result; `formats` lists them, and `wording` holds the words
that all of them share. A format's room, and rich or any other library with it, is loaded when something is written.
"""

from __future__ import annotations

from lineage_audit.report.formats import (
    FORMATS,
    TERMINAL,
    WITH_FIGURES,
    Format,
    format_named,
    format_of_file,
    formats_of,
    suffixes_of,
)
from lineage_audit.results import Result

__all__ = [
    "FORMATS",
    "TERMINAL",
    "WITH_FIGURES",
    "Format",
    "figure_files",
    "format_named",
    "format_of_file",
    "formats_of",
    "render",
    "suffixes_of",
]


def render(result: Result, form: Format | str) -> str | bytes:
    """A result as a document: text that ends in a newline, or the bytes of a binary format.

    Raises:
        LineageAuditError: the result has no such format, or an optional library is missing.
    """
    chosen = form if isinstance(form, Format) else format_named(type(result), form)
    chosen.require()
    return chosen.renderers()[type(result)](result)


def figure_files(result: Result) -> dict[str, str]:
    """The figures of a result as SVG files: file name, which cannot leave a folder, -> text."""
    from lineage_audit.report.html import figure_files as files_of

    return files_of(result)
