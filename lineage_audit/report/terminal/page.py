"""A console as a page: its width, its one way to turn words into styled text, its tables.

Every string goes through `Page.text`, which escapes it and never reads it as markup. That is the whole
defence of the terminal against what a model repository may have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lineage_audit.report.escaping import encodable, printable
from lineage_audit.results import Relation

_WIDEST = 100
LABEL_WIDTH = 15
_WIDEST_LABEL = 24
LABEL_STYLE = "bold"
QUIET = "dim"
RELATION_COLOURS: Mapping[Relation, str] = {
    "identical": "magenta",
    "derived": "yellow",
    "shared-origin": "cyan",
    "independent": "green",
    "inconclusive": "red",
}
"""A relation's colour, which only repeats its word."""

Cell = str | Text | Table
Column = tuple[str, Literal["left", "right"]]


class Page:
    """Where a report is printed.

    Attributes:
        console: the console that was handed in; its colour and width settings are respected.
        width: columns used, at most 100.
        unicode: whether the console can show more than ASCII.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.width = min(console.width, _WIDEST)
        self.unicode = console.encoding.lower().startswith("utf")

    def text(self, words: str, style: str = "") -> Text:
        """Words as text of one style, escaped and within the console's encoding."""
        return Text(encodable(printable(words), self.console.encoding), style=style, overflow="fold")

    def joined(self, parts: Iterable[str | Text]) -> Text:
        """Several pieces as one text, each keeping its style."""
        texts = (self.text(part) if isinstance(part, str) else part for part in parts)
        return Text.assemble(*texts, overflow="fold")

    def listed(self, items: Sequence[tuple[str, str]]) -> Table:
        """Items under each other, each a mark and its sentence; what wraps stays beside the mark."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        for mark, words in items:
            grid.add_row(self.text(mark, LABEL_STYLE), self.text(words))
        return grid

    def print(self, renderable: RenderableType) -> None:
        """Print one thing at the page's width."""
        self.console.print(renderable, width=self.width, highlight=False, markup=False, emoji=False)

    def blank(self) -> None:
        """Print an empty line."""
        self.console.print()

    def line(self, cell: Cell) -> None:
        """Print one line (or what it wraps to) at the page's margin."""
        self.print(Padding(self._cell(cell), (0, 0, 0, 1)))

    def labelled(
        self,
        rows: Iterable[tuple[str, Iterable[Cell]]],
        *,
        label_style: str = LABEL_STYLE,
        label_width: int = LABEL_WIDTH,
    ) -> None:
        """Print sections: a label at the left, its lines at the right."""
        grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
        grid.add_column(min_width=min(label_width, _WIDEST_LABEL), max_width=_WIDEST_LABEL)
        grid.add_column(ratio=1)
        for label, lines in rows:
            for index, line in enumerate(lines):
                grid.add_row(self.text("" if index else label, label_style), self._cell(line))
        self.print(Padding(grid, (0, 0, 0, 1)))

    def heading(self, words: str) -> None:
        """Print the heading of a section of details."""
        self.blank()
        self.line(self.text(words, LABEL_STYLE))

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
        """Print a table with a ruled head; columns of numbers are aligned at the right."""
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style=QUIET, border_style=QUIET, show_edge=False)
        for title, justify in columns:
            table.add_column(self.text(title), justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*(self._cell(cell) for cell in row))
        self.print(Padding(table, (0, 0, 0, 1)))

    def _cell(self, cell: Cell) -> Text | Table:
        return self.text(cell) if isinstance(cell, str) else cell
