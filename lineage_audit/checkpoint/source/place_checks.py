"""Data whose place is known only presumably, until what stands before them in the file confirms it.

PyTorch's formats say of each storage where it should begin, and once more, right before it, how it really is. To read
all of that when a remote file is opened takes a request for every storage. So they are read together with the first
bytes of the storage that anyone asks for: nearly always in the same request, and nothing is used before it was checked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from msgspec import Struct

from lineage_audit.checkpoint.source.base import ByteRange, Source, SourceAround


class PlaceCheck(Struct, frozen=True):
    """Bytes that confirm where some data are, read before these are used.

    Attributes:
        data: where the data presumably are.
        proof: the bytes that say whether they are there.
        check: raises a LineageAuditError if ``proof`` says otherwise.
    """

    data: ByteRange
    proof: ByteRange
    check: Callable[[bytes], None]


PresumedPlaces = tuple[dict[str, tuple[int, int]], list[PlaceCheck]]
"""Name -> first byte of its data in the file and one past the last; and what confirms that they are there."""


def with_place_checks(source: Source, checks: Sequence[PlaceCheck]) -> Source:
    """The source, its data checked before they are given out; itself where there is nothing to check."""
    return _CheckedSource(source, checks) if checks else source


class _CheckedSource(SourceAround):
    """A source the places of some of whose data are checked, each once."""

    def __init__(self, source: Source, checks: Sequence[PlaceCheck]) -> None:
        """Take checks whose data do not overlap."""
        super().__init__(source)
        self._checks = sorted(checks, key=lambda check: (check.data.file, check.data.start))
        self._starts = [(check.data.file, check.data.start) for check in self._checks]
        self._stops = [(check.data.file, check.data.stop) for check in self._checks]
        self._done: set[int] = set()

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given, and with them what was not checked yet.

        Raises:
            UnreadableFileError: data are elsewhere than presumed, or as the source raises.
        """
        asked = sorted({number for wanted in ranges for number in self._of(wanted)} - self._done)
        data = self._source.read_ranges([*ranges, *(self._checks[number].proof for number in asked)])
        for number, proof in zip(asked, data[len(ranges) :], strict=True):
            self._checks[number].check(proof)
        self._done.update(asked)
        return data[: len(ranges)]

    def _of(self, wanted: ByteRange) -> range:
        """The checks, by number, of data that a range takes bytes of; an empty one takes none."""
        if wanted.start == wanted.stop:
            return range(0)
        first = bisect_right(self._stops, (wanted.file, wanted.start))
        return range(first, bisect_left(self._starts, (wanted.file, wanted.stop)))
