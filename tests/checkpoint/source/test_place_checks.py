"""Data whose place is only presumed are never given out unchecked, and each place is checked once."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lineage_audit.checkpoint.source.base import ByteRange, read_range
from lineage_audit.checkpoint.source.held import HeldSource, with_ends_held
from lineage_audit.checkpoint.source.place_checks import PlaceCheck, with_place_checks
from lineage_audit.errors import UnreadableFileError
from tests.checkpoint.memory_source import MemorySource

FILE = "weights.bin"
DATA = bytes(range(200))


class Remote(MemorySource):
    """A file that is not here; what is asked for is remembered."""

    def __init__(self) -> None:
        super().__init__({FILE: DATA, "other.bin": DATA})
        self.is_local = False
        self.asked: list[ByteRange] = []

    def read_ranges(self, ranges: object) -> list[bytes]:
        self.asked += ranges  # type: ignore[operator]
        return super().read_ranges(ranges)  # type: ignore[arg-type]


def says(expected: bytes) -> object:
    def check(proof: bytes) -> None:
        if proof != expected:
            raise UnreadableFileError(f"{FILE}: lies")

    return check


def place_check(start: int, stop: int, expected: bytes | None = None) -> PlaceCheck:
    """Data that the two bytes before them confirm."""
    proof = ByteRange(FILE, start - 2, start)
    return PlaceCheck(ByteRange(FILE, start, stop), proof, says(expected or DATA[start - 2 : start]))  # type: ignore[arg-type]


def test_a_place_is_checked_with_the_first_bytes_and_not_again() -> None:
    remote = Remote()
    source = with_place_checks(remote, [place_check(10, 20), place_check(30, 40)])
    assert source.read_ranges([ByteRange(FILE, 12, 14), ByteRange(FILE, 19, 20)]) == [DATA[12:14], DATA[19:20]]
    assert ByteRange(FILE, 8, 10) in remote.asked
    assert ByteRange(FILE, 28, 30) not in remote.asked
    remote.asked.clear()
    assert read_range(source, FILE, 10, 20) == DATA[10:20]
    assert remote.asked == [ByteRange(FILE, 10, 20)]


def test_data_that_lie_elsewhere_are_never_given_out() -> None:
    source = with_place_checks(Remote(), [place_check(10, 20, b"no"), place_check(30, 40)])
    for _ in range(2):
        with pytest.raises(UnreadableFileError, match="lies"):
            source.read_ranges([ByteRange(FILE, 30, 31), ByteRange(FILE, 19, 25)])
    assert read_range(source, FILE, 30, 40) == DATA[30:40]


def test_files_without_checks_are_read_as_they_are() -> None:
    remote = Remote()
    assert with_place_checks(remote, []) is remote
    assert read_range(with_place_checks(remote, [place_check(10, 20, b"no")]), "other.bin", 0, 50) == DATA[:50]


@given(st.lists(st.integers(2, 190), unique=True, min_size=1).map(sorted), st.integers(0, 199), st.integers(0, 199))
@example([2], 3, 2)  # an empty range inside of data
def test_every_place_in_a_range_is_checked_and_no_other(starts: list[int], one: int, other: int) -> None:
    start, stop = sorted((one, other + 1))
    remote = Remote()
    spans = [(first, min(first + 5, *(later for later in [*starts, 999] if later > first))) for first in starts]
    read_range(with_place_checks(remote, [place_check(*span) for span in spans]), FILE, start, stop)
    checked = {asked.stop for asked in remote.asked[1:]}
    assert checked == {low for low, high in spans if max(low, start) < min(high, stop)}


def test_both_ends_of_a_file_cost_nothing_more() -> None:
    remote = Remote()
    source = with_ends_held(remote, [FILE], 50)
    remote.asked.clear()
    ranges = [ByteRange(FILE, 0, 50), ByteRange(FILE, 49, 51), ByteRange(FILE, 150, 200), ByteRange("other.bin", 0, 3)]
    assert source.read_ranges(ranges) == [DATA[:50], DATA[49:51], DATA[150:], DATA[:3]]
    assert remote.asked == [ByteRange(FILE, 49, 51), ByteRange("other.bin", 0, 3)]
    assert source.bytes_read == 105


def test_ends_are_not_held_of_what_is_here_or_smaller() -> None:
    here = MemorySource({FILE: DATA})
    assert with_ends_held(here, [FILE], 50) is here
    assert isinstance(with_ends_held(Remote(), [FILE], 500), HeldSource)
    assert read_range(with_ends_held(Remote(), [FILE], 500), FILE, 0, 200) == DATA
