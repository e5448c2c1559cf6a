"""From the text that a tokenizer file shows to the bytes that a token stands for.

Byte-level BPE (GPT-2) shows each byte as one printable character; SentencePiece shows a space as ``▁`` and
bytes without a token as ``<0x0A>``. The first is undone for all tokens at once, since it is a table over code
points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

WORD_START = "▁"
_BYTE_TOKEN = re.compile(rb"<0x([0-9A-Fa-f]{2})>")


def _byte_level_table() -> npt.NDArray[np.int16]:
    """Code point -> byte, or -1: printable Latin-1 stands for itself, the other bytes follow from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in set(printable)]
    table = np.full(0x100 + len(rest), -1, np.int16)
    table[printable] = printable
    table[0x100:] = rest
    return table


_BYTE_LEVEL = _byte_level_table()
BYTE_LEVEL_SPACE = chr(0x100 + 32)
"""``Ġ``, the space of byte-level BPE; its presence gives the alphabet away."""


def byte_level(texts: Sequence[str]) -> list[bytes]:
    """Undo GPT-2's byte alphabet; a text with any character outside it is taken as plain UTF-8."""
    joined = "".join(texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    decoded = _BYTE_LEVEL[np.minimum(points, len(_BYTE_LEVEL) - 1)]
    foreign = (points >= len(_BYTE_LEVEL)) | (decoded < 0)
    stops = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    data = decoded.astype(np.uint8).tobytes()
    ends: list[int] = stops.tolist()
    tokens = [data[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]
    for position in set(np.searchsorted(stops, np.flatnonzero(foreign), side="right").tolist()):
        tokens[position] = plain(texts[position])
    return tokens


def metaspace(texts: Sequence[str]) -> list[bytes]:
    """Undo SentencePiece's word-start mark; byte tokens stay as they are (see ``fallback_byte``)."""
    return [text.replace(WORD_START, " ").encode("utf-8", "surrogatepass") for text in texts]


def utf8(texts: Sequence[str]) -> list[bytes]:
    """Take the texts as they are shown."""
    return [plain(text) for text in texts]


def plain(text: str) -> bytes:
    """Encode as UTF-8; lone surrogates, which JSON can hold, are kept apart rather than refused."""
    return text.encode("utf-8", "surrogatepass")


def fallback_byte(token: bytes) -> bytes | None:
    """Return the byte that ``<0x0A>`` stands for, or None for any other token."""
    match = _BYTE_TOKEN.fullmatch(token) if len(token) == len(b"<0x00>") else None
    return bytes([int(match[1], 16)]) if match else None
