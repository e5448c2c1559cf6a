"""A result as a file: in the format that its name ends in, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import render
from lineage_audit.report.formats import Format, format_of_file, suffixes_of
from lineage_audit.results import Result
from lineage_audit.whole_files import write_whole


def save(result: Result, path: Path) -> None:
    """Write a result to a file.

    Raises:
        LineageAuditError: the name ends in no known format, a library is missing, or the file cannot be written.
    """
    write_whole(path, render(result, format_by_suffix(type(result), path)))


def format_by_suffix(kind: type, path: Path) -> Format:
    """The format that a file's name ends in.

    Raises:
        LineageAuditError: it ends in none.
    """
    form = format_of_file(kind, path.name)
    if form is None:
        *others, last = suffixes_of(kind)
        raise LineageAuditError(f"{path}: its suffix names no format; use {', '.join(others)} or {last}")
    return form
