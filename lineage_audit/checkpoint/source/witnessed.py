"""Data whose place is known only presumably, until what stands before them in the file confirms it.

PyTorch's formats say of each storage where it should begin, and once more, right before it, how it really is. To read
all these words when a remote file is opened takes a request for every storage. So they are read together with the first
bytes of the storage that anyone asks for: nearly always in the same request, and nothing is used before it was checked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceFile


@dataclass(frozen=True, slots=True)
class Witness:
    """What must be read before some data may be.

    Attributes:
        data: where the data presumably are.
        words: the bytes that say whether they are there.
        check: raises a LineageAuditError if ``words`` says otherwise.
    """

    data: ByteRange
    words: ByteRange
    check: Callable[[bytes], None]


def witnessed(source: Source, witnesses: Sequence[Witness]) -> Source:
    """The source, asking the witnesses before their data are handed over; itself where there are none."""
    return _WitnessedSource(source, witnesses) if witnesses else source


class _WitnessedSource:
    """A source some of whose data need a witness; each is heard once."""

    def __init__(self, source: Source, witnesses: Sequence[Witness]) -> None:
        """Take witnesses whose data do not overlap."""
        self.ref = source.ref
        self.revision = source.revision
        self.files: Mapping[str, SourceFile] = source.files
        self.is_local = source.is_local
        self._source = source
        self._witnesses = sorted(witnesses, key=lambda witness: (witness.data.file, witness.data.start))
        self._starts = [(witness.data.file, witness.data.start) for witness in self._witnesses]
        self._stops = [(witness.data.file, witness.data.stop) for witness in self._witnesses]
        self._heard: set[int] = set()

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, witnesses included."""
        return self._source.bytes_read

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given, and with them the witnesses that were not heard yet.

        Raises:
            UnreadableFileError: a witness says that data are elsewhere, or as the source raises.
        """
        asked = sorted({number for wanted in ranges for number in self._of(wanted)} - self._heard)
        data = self._source.read_ranges([*ranges, *(self._witnesses[number].words for number in asked)])
        for number, words in zip(asked, data[len(ranges) :], strict=True):
            self._witnesses[number].check(words)
        self._heard.update(asked)
        return data[: len(ranges)]

    def _of(self, wanted: ByteRange) -> range:
        """The witnesses, by number, of data that a range takes bytes of; an empty one takes none."""
        if wanted.start == wanted.stop:
            return range(0)
        first = bisect_right(self._stops, (wanted.file, wanted.start))
        return range(first, bisect_left(self._starts, (wanted.file, wanted.stop)))
