"""Protocol buffers on the wire, walked without a schema: a number, and which field comes next with how many bytes."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST_NUMBER = 10
"""Bytes of the longest number."""

_NUMBER, _BYTES = 0, 2
_WIDTHS = {1: 8, 5: 4}
"""Wire types of fixed width -> bytes."""


class DamagedMessageError(Exception):
    """The bytes are not a message."""


def number_at(data: bytes, position: int = 0) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends.

    Raises:
        DamagedMessageError: it does not end within ten bytes, or within the data.
    """
    value = shift = 0
    for index in range(position, min(position + LONGEST_NUMBER, len(data))):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), index + 1
        shift += 7
    raise DamagedMessageError(f"no number at byte {position:,}")


def field_at(data: bytes, position: int = 0) -> tuple[int, int | None, int]:
    """Number of the field that begins here, its size in bytes (None where it is a number), and where they begin.

    Raises:
        DamagedMessageError: no field begins here.
    """
    key, position = number_at(data, position)
    field, kind = key >> 3, key & 7
    if kind == _NUMBER:
        return field, None, position
    if kind == _BYTES:
        return (field, *number_at(data, position))
    if not field or kind not in _WIDTHS:
        raise DamagedMessageError(f"wire type {kind} at byte {position:,}")
    return field, _WIDTHS[kind], position


def fields_of(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in memory: number and value, which is bytes unless it is a number.

    Raises:
        DamagedMessageError: it is no message, or a field reaches beyond it.
    """
    position = 0
    while position < len(data):
        field, size, position = field_at(data, position)
        if size is None:
            value, position = number_at(data, position)
            yield field, value
            continue
        if size > len(data) - position:
            raise DamagedMessageError(f"cut off at byte {len(data):,}")
        yield field, data[position : position + size]
        position += size
