"""What every Markdown report is built of: escaped words, tables, lists, folds.

What a model repository wrote stands either in code or in escaped prose: it cannot open a tag, a link, a
table cell or a heading, and mentions nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from lineage_audit.report.escaping import cut, printable
from lineage_audit.report.numbers import MISSING

_LONGEST_PROSE = 600

# Entities by name: a backslash before a table's pipe would itself be an escape, and # is broken up below.
_PROSE_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&vert;", "\\": "&bsol;"})
_PROSE_MARKS = re.compile(r"([`*_~\[\]$])")
_REFERENCES = re.compile(r"[@#]|://|www\.", re.IGNORECASE)
_LIST_START = re.compile(r"^(\d*)([-+.)])(?=\s|[-+]|$)")
_PLAIN_CODE = re.compile(r"[^`|\\]+")


def prose(text: str) -> str:
    """Escaped for running text and table cells: no markup, tag, link, mention or block can start in it."""
    shown = cut(printable(text), _LONGEST_PROSE).translate(_PROSE_ENTITIES)
    shown = _PROSE_MARKS.sub(r"\\\1", shown)
    shown = _REFERENCES.sub(_broken_reference, shown)
    return _LIST_START.sub(r"\1\\\2", shown.strip()) or MISSING


def code(text: str) -> str:
    """Escaped as inline code; what backticks cannot hold (in a table) is written with entities."""
    shown = printable(text).strip()
    if not shown:
        return MISSING
    if _PLAIN_CODE.fullmatch(shown):
        return f"`{shown}`"
    entities = (c if c.isalnum() or c in " /." else f"&#{ord(c)};" for c in shown)
    return f"<code>{''.join(entities)}</code>"


def _broken_reference(match: re.Match[str]) -> str:
    """An empty comment inside keeps a host from making a mention, an issue or a link of it."""
    found = match.group()
    return f"{found[0]}<!-- -->{found[1:]}"


def folded(title: str, body: str) -> str:
    """A body behind a title that opens it; nothing where there is no body."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>" if body else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """Items under each other, each escaped already."""
    return "\n".join(f"- {item}" for item in items)
