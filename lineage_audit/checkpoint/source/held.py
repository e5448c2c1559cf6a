"""Parts of a model's files that were fetched together and are held, so that reading them costs no request more."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceAround


def with_ends_held(source: Source, files: Iterable[str], size: int) -> Source:
    """Fetch the first and the last ``size`` bytes of some files at once, where that saves requests.

    Returns:
        A source that answers from them what lies in them; ``source`` itself where files are on this machine.
    """
    if source.is_local:
        return source
    ends = []
    for file in files:
        length = source.files[file].size
        ends += [ByteRange(file, 0, min(size, length)), ByteRange(file, max(0, length - size), length)]
    return HeldSource(source, dict(zip(ends, source.read_ranges(ends), strict=True)))


class HeldSource(SourceAround):
    """A source of which some ranges are held."""

    def __init__(self, source: Source, held: Mapping[ByteRange, bytes]) -> None:
        super().__init__(source)
        self._held: dict[str, list[tuple[ByteRange, bytes]]] = {}
        for span, data in held.items():
            self._held.setdefault(span.file, []).append((span, data))

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given; only those that are not held are asked for."""
        found = [self._find(wanted) for wanted in ranges]
        missing = [wanted for wanted, data in zip(ranges, found, strict=True) if data is None]
        rest = iter(self._source.read_ranges(missing) if missing else ())
        return [next(rest) if data is None else data for data in found]

    def _find(self, wanted: ByteRange) -> bytes | None:
        for span, data in self._held.get(wanted.file, ()):
            if span.start <= wanted.start <= wanted.stop <= span.stop:
                return data[wanted.start - span.start : wanted.stop - span.start]
        return None


class RememberingSource(SourceAround):
    """A source that keeps what was read of it, up to a limit, for whoever asks for the same ranges again."""

    def __init__(self, source: Source, limit: int) -> None:
        super().__init__(source)
        self._room = limit
        self._kept: dict[ByteRange, bytes] = {}

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given; only those that are not kept are asked for."""
        missing = list(dict.fromkeys(wanted for wanted in ranges if wanted not in self._kept))
        read = dict(zip(missing, self._source.read_ranges(missing) if missing else (), strict=True))
        for wanted, data in read.items():
            if len(data) <= self._room:
                self._kept[wanted] = data
                self._room -= len(data)
        return [read[wanted] if wanted in read else self._kept[wanted] for wanted in ranges]


class RecordedSource(SourceAround):
    """A source that hashes every range as it is read, of some files."""

    def __init__(self, source: Source, files: Iterable[str]) -> None:
        super().__init__(source)
        self._read: dict[str, dict[tuple[int, int], str]] = {file: {} for file in files}

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
