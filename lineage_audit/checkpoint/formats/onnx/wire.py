"""Protocol buffers on the wire, walked without a schema: fields of a message by number, lengths checked first.

What stands inside a field is read only when it is asked for, so gigabytes of weights are stepped over. Everything that
is read is counted against an allowance.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from lineage_audit.checkpoint.protobuf import LONGEST_NUMBER, DamagedMessageError, field_at, number_at
from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.errors import UnreadableFileError

_ALLOWANCE = 512 * 2**20
"""Bytes of structure that one file may have, weights not counted."""

_FIELD_LIMIT = 20_000_000
"""Fields that one file may have."""

_FIRST_CHUNK, _LARGEST_CHUNK = 4 * 2**10, 2**20


class Field(Struct, frozen=True):
    """One field of a message.

    Attributes:
        number: the field's number in its message.
        value: its number, for the numeric kinds; 0 for bytes.
        start: where its bytes begin in the file.
        stop: one past the last of them; ``start`` for numbers.
    """

    number: int
    value: int
    start: int
    stop: int


class WireFile:
    """One file of messages, read in chunks that grow while reading goes on in order."""

    def __init__(self, source: Source, file: str) -> None:
        self.file = file
        self.size = source.files[file].size
        self._source = source
        self._left = _ALLOWANCE
        self._fields = _FIELD_LIMIT
        self._chunk = b""
        self._chunk_start = 0
        self._step = _FIRST_CHUNK

    def fields(self, start: int, stop: int) -> Iterator[Field]:
        """The fields of the message at ``start`` to ``stop``, in file order.

        Raises:
            UnreadableFileError: it is no message, a field reaches beyond it, or there are far too many.
        """
        position = start
        while position < stop:
            self._fields -= 1
            if self._fields < 0:
                raise UnreadableFileError(f"{self.file}: has more parts than any real ONNX model; not read")
            number, width, position = self._field(position, stop)
            if width is None:
                value, position = self._number(position, stop)
                yield Field(number, value, position, position)
                continue
            if width > stop - position:
                raise self._damaged()
            yield Field(number, 0, position, position + width)
            position += width

    def bytes_of(self, field: Field, limit: int) -> bytes:
        """A field's bytes.

        Raises:
            UnreadableFileError: there are more than ``limit``.
        """
        if field.stop - field.start > limit:
            raise UnreadableFileError(f"{self.file}: a name or a shape in it is longer than any real one; not read")
        return self._read(field.start, field.stop)

    def text(self, field: Field) -> str:
        """A short text.

        Raises:
            UnreadableFileError: it is too long, or no text that can be printed.
        """
        try:
            text = self.bytes_of(field, 2048).decode("utf-8")
        except UnicodeDecodeError:
            raise UnreadableFileError(f"{self.file}: a name in it is not UTF-8 text; fetch it again") from None
        if not text.isprintable():
            raise UnreadableFileError(f"{self.file}: the name {ascii(text)[:80]} cannot be printed; rename it")
        return text

    def numbers(self, field: Field) -> list[int]:
        """Numbers in a row: one, or many packed together."""
        if field.start == field.stop:
            return [field.value]
        found, position = [], field.start
        self.bytes_of(field, 4096)
        while position < field.stop:
            value, position = self._number(position, field.stop)
            found.append(value)
        return found

    def _field(self, position: int, stop: int) -> tuple[int, int | None, int]:
        """Number and size of the field that begins here, and where its bytes begin."""
        try:
            number, width, used = field_at(self._read(position, min(position + 2 * LONGEST_NUMBER, stop)))
        except DamagedMessageError:
            raise self._damaged() from None
        return number, width, position + used

    def _number(self, position: int, stop: int) -> tuple[int, int]:
        """A number, and where it ends."""
        try:
            value, used = number_at(self._read(position, min(position + LONGEST_NUMBER, stop)))
        except DamagedMessageError:
            raise self._damaged() from None
        return value, position + used

    def _damaged(self) -> UnreadableFileError:
        return UnreadableFileError(f"{self.file}: not an ONNX model, or cut short; fetch it again")

    def _read(self, start: int, stop: int) -> bytes:
        held_stop = self._chunk_start + len(self._chunk)
        if not self._chunk_start <= start <= stop <= held_stop:
            goes_on = self._chunk_start <= start <= held_stop
            self._step = min(2 * self._step, _LARGEST_CHUNK) if goes_on else _FIRST_CHUNK
            wanted = min(self.size, max(stop, start + self._step))
            self._left -= wanted - start
            if self._left < 0:
                raise UnreadableFileError(f"{self.file}: has more structure than any real ONNX model; not read")
            self._chunk, self._chunk_start = read_range(self._source, self.file, start, wanted), start
        begin = start - self._chunk_start
        return self._chunk[begin : begin + stop - start]
