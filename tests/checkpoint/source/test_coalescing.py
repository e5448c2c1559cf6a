"""Laws of joining and cutting byte ranges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.source.coalescing import coalesce, cut

FILES = {"a": bytes(range(256)) * 4, "b": bytes(reversed(range(256))) * 4}
RANGES = st.lists(
    st.builds(
        lambda file, start, length: ByteRange(file, start, min(start + length, 1024)),
        st.sampled_from(sorted(FILES)),
        st.integers(0, 1024),
        st.integers(0, 300),
    ),
    max_size=20,
)


@given(RANGES, st.integers(0, 100), st.integers(1, 200))
def test_every_range_is_cut_out_whole(ranges: list[ByteRange], gap: int, piece: int) -> None:
    pieces = coalesce(ranges, gap, piece)
    data = [FILES[one.file][one.start : one.stop] for one in pieces]
    assert cut(ranges, pieces, data) == [FILES[wanted.file][wanted.start : wanted.stop] for wanted in ranges]


@given(RANGES, st.integers(0, 100), st.integers(1, 200))
def test_pieces_are_disjoint_ordered_and_no_larger_than_allowed(ranges: list[ByteRange], gap: int, piece: int) -> None:
    pieces = coalesce(ranges, gap, piece)
    assert all(0 < one.stop - one.start <= piece for one in pieces)
    assert all(one.file < other.file or one.stop <= other.start for one, other in pairwise(pieces))


@given(RANGES, st.integers(0, 100))
def test_no_more_is_read_than_the_gaps(ranges: list[ByteRange], gap: int) -> None:
    wanted = {(one.file, byte) for one in ranges for byte in range(one.start, one.stop)}
    read = sum(one.stop - one.start for one in coalesce(ranges, gap))
    assert len(wanted) <= read <= len(wanted) + gap * max(0, len(ranges) - 1)
