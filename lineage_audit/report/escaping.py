r"""Text that a model repository controls, made safe to show: nothing in it can move the cursor or hide.

A reference, a tensor name or a token may hold anything at all. What would steer a terminal (control
characters, ANSI escapes), reorder a line (bidirectional marks) or take no room (zero-width characters,
lone variation selectors) is shown as its Python escape, so that U+202E reads as ``\u202e``.
"""

from __future__ import annotations

import re
from unicodedata import category

# Printable by their Unicode category, yet they show as nothing or as a blank:
# combining grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian and other variation selectors,
# the blank Braille pattern.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)

# Scripts that stack marks need no more than this many on one letter.
_MOST_MARKS = 2

_ASCII_FORMS = str.maketrans(
    {
        "≤": "<=",
        "≥": ">=",
        "→": "->",
        "…": "...",
        "–": "-",
        "—": "-",
        "−": "-",
        "×": "x",
        "·": "-",
        "•": "*",
        "²": "^2",
        "’": "'",
        "“": '"',
        "”": '"',
    }
)

_SURROGATES = re.compile("[\ud800-\udfff]")


def is_visible(character: str) -> bool:
    """Whether one character shows as itself: neither a control, nor a mark of direction, nor blank."""
    return character.isprintable() and character not in _BLANK


def printable(text: str) -> str:
    """The text on one line, with every character that would not show as itself written as its escape."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = _MOST_MARKS  # a text that opens with a mark would put it on the letter before the text
    for character in text:
        marks = marks + 1 if category(character).startswith("M") else 0
        shows = is_visible(character) and marks <= _MOST_MARKS
        shown.append(character if shows else _escape(character))
    return "".join(shown)


def encodable(text: str, encoding: str) -> str:
    """The text in characters that a console of this encoding can show; others in ASCII forms or escapes."""
    if encoding.lower().startswith("utf"):
        return text
    plain = text.translate(_ASCII_FORMS)
    return plain.encode(encoding, "backslashreplace").decode(encoding)


def without_lone_surrogates(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 file can hold, written as their escapes."""
    return _SURROGATES.sub(lambda match: _escape(match.group()), text)


def cut(text: str, limit: int) -> str:
    """The text, at most ``limit`` characters long; an ellipsis stands for the end that was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_middle(text: str, limit: int) -> str:
    """The text, at most ``limit`` characters long, cut in the middle: both ends of a path name it."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) * 2 // 3
    return text[: limit - 1 - tail] + "…" + text[-tail:]


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
