"""A hash over the ranges that were read of files that nobody hashed whole: on which bytes a result stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceFile


class RecordedSource:
    """A source that hashes every range as it is read, of some files."""

    def __init__(self, source: Source, files: Iterable[str]) -> None:
        self.ref = source.ref
        self.revision = source.revision
        self.files: Mapping[str, SourceFile] = source.files
        self.is_local = source.is_local
        self._source = source
        self._read: dict[str, dict[tuple[int, int], str]] = {file: {} for file in files}

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return self._source.bytes_read

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given."""
        data = self._source.read_ranges(ranges)
        for wanted, found in zip(ranges, data, strict=True):
            known = self._read.get(wanted.file)
            if known is not None and (wanted.start, wanted.stop) not in known:
                known[wanted.start, wanted.stop] = hashlib.sha256(found).hexdigest()
        return data

    def hash_of(self, file: str) -> str | None:
        """SHA-256 over one line ``start-stop sha256`` for each range that was read of a file, by their places.

        None where nothing was read of it, or the file is not recorded.
        """
        known = self._read.get(file)
        if not known:
            return None
        lines = (f"{start}-{stop} {found}\n" for (start, stop), found in sorted(known.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
