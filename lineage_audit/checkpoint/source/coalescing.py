"""Byte ranges joined into few requests, and cut out of the answers again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from lineage_audit.checkpoint.source.base import ByteRange

_GAP = 64 * 2**10
"""Ranges at most this many bytes apart are read together: a request costs more than the bytes between."""

_PIECE = 16 * 2**20
"""Largest single request; longer reads run as several at a time."""


def coalesce(ranges: Iterable[ByteRange], gap: int = _GAP, piece: int = _PIECE) -> list[ByteRange]:
    """Join nearby ranges of a file, and split long ones.

    Returns:
        Disjoint, non-empty ranges of at most ``piece`` bytes, by file and start, that cover all of ``ranges``.
    """
    joined: list[ByteRange] = []
    for wanted in sorted(ranges, key=lambda wanted: (wanted.file, wanted.start, wanted.stop)):
        if wanted.start == wanted.stop:
            continue
        last = joined[-1] if joined else None
        if last is not None and last.file == wanted.file and wanted.start <= last.stop + gap:
            joined[-1] = ByteRange(last.file, last.start, max(last.stop, wanted.stop))
        else:
            joined.append(wanted)
    return [
        ByteRange(span.file, start, min(start + piece, span.stop))
        for span in joined
        for start in range(span.start, span.stop, piece)
    ]


def cut(ranges: Sequence[ByteRange], pieces: Sequence[ByteRange], data: Sequence[bytes]) -> list[bytes]:
    """Cut ``ranges`` out of the ``data`` of the ``pieces`` that :func:`coalesce` made of them."""
    places = [(piece.file, piece.start) for piece in pieces]
    return [_cut_one(wanted, bisect_right(places, (wanted.file, wanted.start)) - 1, pieces, data) for wanted in ranges]


def _cut_one(wanted: ByteRange, first: int, pieces: Sequence[ByteRange], data: Sequence[bytes]) -> bytes:
    parts = []
    position, index = wanted.start, first
    while position < wanted.stop:
        begin = position - pieces[index].start
        parts.append(data[index][begin : begin + wanted.stop - position])
        position += len(parts[-1])
        index += 1
    return parts[0] if len(parts) == 1 else b"".join(parts)
