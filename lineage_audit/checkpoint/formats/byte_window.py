"""A file of a source as a seekable binary file, which ``zipfile`` and ``pickletools`` expect."""

from __future__ import annotations

import io

from lineage_audit.checkpoint.source.base import Source, read_range
from lineage_audit.errors import UnreadableFileError

CHUNK = 2**16
"""Bytes fetched at least at a time; the zip directory of most shards is smaller."""


class ByteWindow:
    """Bytes of one file, fetched in chunks as they are asked for, and never more than ``limit`` in all.

    One chunk is kept. Chunks grow as reading goes on, so a long sequential read costs few requests.

    Attributes:
        file: the file's name, for messages.
        size: the file's size in bytes.
    """

    def __init__(self, source: Source, file: str, limit: int) -> None:
        self.file = file
        self.size = source.files[file].size
        self._source = source
        self._allowance = limit
        self._position = 0
        self._chunk = b""
        self._chunk_start = 0
        self._chunk_size = CHUNK

    def seekable(self) -> bool:
        """Tell ``zipfile`` that seeking works."""
        return True

    def tell(self) -> int:
        """Position of the next byte to read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from the start, the position or the end, as ``io`` does.

        Raises:
            OSError: the position would be before the start of the file.
        """
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError(f"{self.file}: position before the start of the file")
        self._position = base + offset
        return self._position

    def read(self, count: int = -1) -> bytes:
        """Read ``count`` bytes, or up to the end of the file.

        Raises:
            UnreadableFileError: more than ``limit`` bytes were asked for in all.
        """
        stop = self.size if count < 0 else min(self._position + count, self.size)
        if stop <= self._position:
            return b""
        self._hold(self._position, stop)
        begin = self._position - self._chunk_start
        data = self._chunk[begin : begin + stop - self._position]
        self._position = stop
        return data

    def readline(self) -> bytes:
        r"""Read up to and including the next ``\n``, or up to the end of the file."""
        line_stop = self._position
        while line_stop < self.size:
            self._hold(self._position, line_stop + 1)
            newline = self._chunk.find(b"\n", line_stop - self._chunk_start)
            if newline >= 0:
                return self.read(self._chunk_start + newline + 1 - self._position)
            line_stop = self._chunk_start + len(self._chunk)
        return self.read()

    def _hold(self, start: int, stop: int) -> None:
        """Make the chunk cover ``start`` to ``stop``; at the end of the file also what stands before."""
        held_stop = self._chunk_start + len(self._chunk)
        if self._chunk_start <= start and stop <= held_stop:
            return
        overlap = self._chunk[start - self._chunk_start :] if self._chunk_start <= start < held_stop else b""
        if start + self._chunk_size > self.size and not overlap:
            start = max(0, min(start, self.size - self._chunk_size))
        fetch_start = start + len(overlap)
        fetch_stop = min(max(stop, start + self._chunk_size), self.size)
        self._allowance -= fetch_stop - fetch_start
        if self._allowance < 0:
            raise UnreadableFileError(f"{self.file}: its table of contents is larger than any real one; not read")
        self._chunk = overlap + read_range(self._source, self.file, fetch_start, fetch_stop)
        self._chunk_start = start
        self._chunk_size = min(2 * self._chunk_size, 32 * CHUNK)
