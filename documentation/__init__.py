"""The pages of docs/ that are made from the code, so that they say what it says: ``python -m documentation``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from documentation import command_line, glossary

DOCS = Path(__file__).parents[1] / "docs"

PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": command_line.page,
    "glossary.md": glossary.page,
}
"""File below docs/ -> what it must say."""


def write_pages() -> None:
    """Write every page anew."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8", newline="\n")
