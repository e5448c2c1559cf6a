"""A model whose files are held in memory, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.errors import UnreadableFileError


class MemorySource:
    """Implements the ``Source`` protocol over a mapping of file names to bytes (text is encoded as UTF-8)."""

    def __init__(self, files: Mapping[str, bytes | str], ref: str = "memory", revision: str | None = None) -> None:
        self.ref = ref
        self.revision = revision
        self.contents = {name: data.encode("utf-8") if isinstance(data, str) else data for name, data in files.items()}
        self.files = {name: SourceFile(len(data)) for name, data in self.contents.items()}
        self.bytes_read = 0
        self.is_local = True

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Slice the ranges, in the order given."""
        return [self._slice(wanted) for wanted in ranges]

    def _slice(self, wanted: ByteRange) -> bytes:
        data = self.contents.get(wanted.file)
        if data is None or wanted.stop > len(data):
            raise UnreadableFileError(f"{wanted.file}: shorter than byte {wanted.stop:,}; fetch the file again")
        self.bytes_read += wanted.stop - wanted.start
        return data[wanted.start : wanted.stop]
