"""A card's text in the pieces that its statements come in: headings, list items, table rows, sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from lineage_audit.checkpoint.card.text_files import PROSE_LIMIT

_UnitKind = Literal["heading", "item", "row", "sentence"]

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n.*?^---[ \t]*$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^[ \t]*(```|~~~)(?![^\n]*\1[ \t]*$).*?^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)$")
_ITEM = re.compile(r"(?:[-*+•][ \t]+|\d{1,3}[.)][ \t]+)(.*)$")
_ROW = re.compile(r"\|(.*)\|$")
_LABELLED = re.compile(r"[*_]{0,3}[^\W\d][\w /()\[\]-]{1,40}[*_]{0,3} ?[:：]")
_HTML_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>\s*$", re.IGNORECASE)
_HTML_ROW = re.compile(r"<tr\b.*</t[dh]>", re.IGNORECASE)
_HTML_CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.IGNORECASE)
_BARE_TAG = re.compile(r"<(?!a\b|/a>)/?[a-z][^<>\n]{0,300}>", re.IGNORECASE)
_BOUNDARY = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)[.!?](?=[\s)*\"”»]|$)[)*\"”»]*|[。！？]")
_UNIT_LIMIT = 1500
"""Longest piece that is read, in characters: a longer one is no sentence."""


class Unit(Struct, frozen=True):
    """One piece of a card.

    Attributes:
        kind: what it is.
        text: its words, line breaks kept.
        line: the line that it begins on, counted from 1.
        block: counts paragraphs and lists: units of one block belong together.
        level: a heading's level, else 0.
        cells: the cells of a table row, else empty.
    """

    kind: _UnitKind
    text: str
    line: int
    block: int
    level: int = 0
    cells: tuple[str, ...] = ()


def units_of(card: str) -> Iterator[Unit]:
    """Cut the first ``PROSE_LIMIT`` characters of a card; front matter, fenced code and comments are left out."""
    card = card[:PROSE_LIMIT]
    for pattern in (_FRONT_MATTER, _FENCED, _COMMENT):
        card = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), card)
    paragraph: list[str] = []
    first, block, kind = 1, 0, "sentence"

    def ended() -> Iterator[Unit]:
        yield from _paragraph("\n".join(paragraph), first, block, "item" if kind == "item" else "sentence")
        paragraph.clear()

    for number, line in enumerate(card.split("\n"), start=1):
        line = _bare(line)
        heading, item, row = _HEADING.match(line), _ITEM.match(line), _ROW.match(line)
        if heading or item or row or not line:
            yield from ended()
            if not item:
                block += 1
        if heading:
            yield Unit("heading", heading[2].rstrip("# \t"), number, block, level=len(heading[1]))
            block += 1
        elif row:
            cells = tuple(cell.strip() for cell in row[1].split("|"))
            yield Unit("row", row[1].strip(), number, block, cells=cells)
        elif line:
            if paragraph and not item and _LABELLED.match(line):
                yield from ended()
            if not paragraph:
                first, kind = number, "item" if item else "sentence"
            paragraph.append(item[1] if item else line)
    yield from ended()


def _bare(line: str) -> str:
    """A line without indentation, marks of quotation and HTML tags; a row of an HTML table as one of Markdown."""
    line = line.strip().lstrip("> \t")
    heading = _HTML_HEADING.match(line)
    if heading:
        line = f"{'#' * int(heading[1])} {heading[2]}"
    elif _HTML_ROW.match(line):
        line = f"|{'|'.join(_HTML_CELL.findall(line))}|"
    return _BARE_TAG.sub("", line).strip()


def _paragraph(text: str, first: int, block: int, kind: _UnitKind) -> Iterator[Unit]:
    """The sentences of a paragraph, or of a list item, which stays an item with its first."""
    start = 0
    for stop in (*(match.end() for match in _BOUNDARY.finditer(text)), len(text)):
        sentence = text[start:stop]
        if sentence.strip() and len(sentence) <= _UNIT_LIMIT:
            lead = len(sentence) - len(sentence.lstrip())
            line = first + text.count("\n", 0, start + lead)
            yield Unit(kind, sentence.strip(), line, block)
            kind = "sentence"
        start = stop
