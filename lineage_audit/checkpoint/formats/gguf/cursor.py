"""The bytes of a GGUF header in order, fetched in growing chunks and never more than a header can have."""

from __future__ import annotations

from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.errors import UnreadableFileError

HEADER_LIMIT = 256 * 2**20
"""Largest header in bytes; the largest real vocabularies make one of 20 MB."""

_FIRST_READ = 512 * 2**10
_LARGEST_READ = 16 * 2**20


class Cursor:
    """A position in the header of one file.

    Attributes:
        file: the file's name.
        size: the file's size in bytes.
        position: the next byte to take.
    """

    def __init__(self, source: Source, file: str) -> None:
        self.file = file
        self.size = source.files[file].size
        self.position = 0
        self._source = source
        self._data = b""
        self._next_read = _FIRST_READ

    def take(self, count: int) -> bytes:
        """Take the next ``count`` bytes.

        Raises:
            UnreadableFileError: the file is shorter, or the header longer than any real one.
        """
        stop = self.position + count
        if stop > len(self._data):
            self._fetch(stop)
        data = self._data[self.position : stop]
        self.position = stop
        return data

    def unsigned(self, width: int) -> int:
        """Take an unsigned little-endian integer of ``width`` bytes."""
        return int.from_bytes(self.take(width), "little")

    def string(self, limit: int) -> bytes:
        """Take a string: its length in eight bytes, then its bytes.

        Raises:
            UnreadableFileError: it is longer than ``limit`` or than what is left of the file.
        """
        length = self.unsigned(8)
        if length > limit:
            raise self.damaged(f"a string of {length:,} bytes at byte {self.position:,}")
        return self.take(length)

    def damaged(self, what: str) -> UnreadableFileError:
        """Make the error that says what is wrong with the header."""
        return UnreadableFileError(f"{self.file}: its GGUF header is damaged ({what}); fetch the file again")

    def _fetch(self, stop: int) -> None:
        if stop > self.size:
            raise UnreadableFileError(f"{self.file}: cut short at byte {self.size:,} of its header; fetch it again")
        if stop > HEADER_LIMIT:
            raise self.damaged(f"larger than {HEADER_LIMIT:,} bytes")
        have = len(self._data)
        want = min(max(stop, have + self._next_read), self.size)
        self._data += read_range(self._source, self.file, have, want)
        self._next_read = min(2 * self._next_read, _LARGEST_READ)
