"""Some of many: evenly, in order, with both ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.comparison.alignment.spreading import spread


@given(st.integers(0, 200), st.integers(2, 40))
def test_at_most_so_many_in_order_with_both_ends(count: int, most: int) -> None:
    chosen = spread(range(count), most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert not count or (chosen[0], chosen[-1]) == (0, count - 1)
