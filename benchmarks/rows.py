"""Rows of a long benchmark, one line of JSON each, written as soon as they are known: a run can be taken up again."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

Row = TypeVar("Row")


def rows_in(path: Path | None, kind: type[Row]) -> list[Row]:
    """Read the rows of earlier runs; a line that an interruption cut short is passed over."""
    found = []
    for text in path.read_bytes().splitlines() if path is not None and path.exists() else ():
        try:
            found.append(msgspec.json.decode(text, type=kind))
        except msgspec.DecodeError:
            continue
    return found


def add_row(path: Path | None, row: object) -> None:
    """Write a row down, if there is a file for it."""
    if path is not None:
        with path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")
