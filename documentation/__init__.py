"""The pages of docs/ that are made from the code, so that they say what it says: ``python -m documentation``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path

from documentation import command_line, glossary, licences, thresholds
from lineage_audit.report.json.documents import KINDS

DOCS = Path(__file__).parents[1] / "docs"


def schema_text(file: str) -> str:
    """The JSON Schema of a kind of document, as the package holds it."""
    return (files("lineage_audit.report") / "schema" / file).read_text(encoding="utf-8")


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": command_line.page,
    "glossary.md": glossary.page,
    "rules/licences.md": licences.page,
    "thresholds.md": thresholds.page,
    **{f"schema/{kind.schema_file}": partial(schema_text, kind.schema_file) for kind in KINDS},
}
"""File below docs/ -> what it must say."""


def write_pages() -> None:
    """Write every page anew."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")
