"""Tables that a reader can sort: headings with scope, and beside each shown number the number itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from lineage_audit.report.html.markup import Child, Markup, element
from lineage_audit.report.html.page import scrolling


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and whether it holds numbers or sentences."""

    heading: str
    is_number: bool = False
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """A number as it is shown, and as it is sorted; None sorts last."""

    shown: str
    key: float | None


Cell = Value | Child


def number_columns(*headings: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(heading, is_number=True) for heading in headings)


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    quiet: Iterable[bool] | None = None,
    sortable: bool = True,
) -> Markup:
    """A table whose first cell of every row is its heading; nothing where it has no rows.

    Args:
        caption: what the table holds.
        columns: its columns.
        rows: a cell for each column.
        quiet: whether each row holds nothing of note.
        sortable: whether a click on a heading sorts it.
    """
    listed = [tuple(row) for row in rows]
    if not listed:
        return Markup("")
    dim = list(quiet) if quiet is not None else [False] * len(listed)
    head = element("thead", element("tr", (_heading(column) for column in columns)))
    body = element("tbody", (_row(row, columns, is_dim) for row, is_dim in zip(listed, dim, strict=True)))
    return scrolling(
        caption, element("table", element("caption", caption), head, body, class_="sortable" if sortable else None)
    )


def _heading(column: Column) -> Markup:
    return element("th", column.heading, scope="col", class_="number" if column.is_number else None)


def _row(row: Sequence[Cell], columns: Sequence[Column], is_dim: bool) -> Markup:
    cells = (_cell(cell, column, is_first=n == 0) for n, (cell, column) in enumerate(zip(row, columns, strict=True)))
    return element("tr", cells, class_="equal" if is_dim else None)


def _cell(cell: Cell, column: Column, *, is_first: bool) -> Markup:
    class_ = "number" if column.is_number else "wide" if column.is_wide else None
    name, scope = ("th", "row") if is_first else ("td", None)
    if not isinstance(cell, Value):
        return element(name, cell, scope=scope, class_=class_)
    key = "" if cell.key is None or not isfinite(cell.key) else f"{cell.key:.12g}"
    return element(name, cell.shown, scope=scope, class_=class_, data_sort=key)
