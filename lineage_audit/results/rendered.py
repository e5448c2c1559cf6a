"""What a person can do with any result in a notebook or a script: look at it, turn it into a document, save it.

These methods import the renderer when they are called: the one exception to results knowing nothing above them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class Rendered:
    """A result that can be shown, written and read back."""

    __slots__ = ()

    def __repr__(self) -> str:
        """The class and the first sentence, on one line."""
        from lineage_audit.report.escaping import printable
        from lineage_audit.report.wording.sentences import first_sentence

        return printable(f"<{type(self).__name__}: {first_sentence(self)}>")  # type: ignore[arg-type]

    def _repr_html_(self) -> str:
        """The first screen of the page, for notebooks."""
        from lineage_audit.report.html import first_screen

        return first_screen(self)  # type: ignore[arg-type]

    def __rich__(self) -> Any:
        """The terminal's first screen, for ``rich.print``."""
        from lineage_audit.report.terminal import Screen

        return Screen(self)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document as a dictionary; its schema is published with the documentation."""
        from lineage_audit.report.json import document_of

        return document_of(self)  # type: ignore[arg-type]

    def to_json(self) -> str:
        """The JSON document as text."""
        return str(self._document("json"))

    def to_markdown(self) -> str:
        """The Markdown document, for a pull request."""
        return str(self._document("markdown"))

    def to_html(self) -> str:
        """The page: one HTML file that needs nothing else."""
        return str(self._document("html"))

    def to_rows(self, table: str | None = None) -> list[dict[str, Any]]:
        """One of the result's tables as rows, for ``pandas.DataFrame(rows)``.

        Args:
            table: its name; by default the first one (of a comparison ``layers``; ``tests`` is the other).

        Raises:
            LineageAuditError: the result has no such table.
        """
        from lineage_audit.report.rows import rows_of

        return rows_of(self, table)  # type: ignore[arg-type]

    def save(self, path: str | Path) -> None:
        """Write the result to a file, in the format that its name ends in, whole or not at all.

        Raises:
            LineageAuditError: the name ends in no known format, a library is missing, or the file cannot be written.
        """
        from lineage_audit.report.saving import save

        save(self, Path(path))  # type: ignore[arg-type]

    @classmethod
    def from_json(cls, document: str | bytes | Path | Mapping[str, Any]) -> Self:
        """The result that a JSON document holds.

        Args:
            document: its text, its dictionary, or the path of its file.

        Raises:
            LineageAuditError: it cannot be read, or holds another kind of result.
        """
        from lineage_audit.errors import UnreadableFileError
        from lineage_audit.report.json import result_from

        result = result_from(document)
        if not isinstance(result, cls):
            raise UnreadableFileError(f"the document holds a {type(result).__name__}, not a {cls.__name__}")
        return result

    def _document(self, format_name: str) -> str | bytes:
        from lineage_audit.report import render

        return render(self, format_name)  # type: ignore[arg-type]
