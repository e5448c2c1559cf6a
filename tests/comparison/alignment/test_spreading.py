"""Some of many: evenly, in order, with both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.comparison.alignment.spreading import LAYER_PATTERNS, spread, spread_numbers


@given(st.integers(0, 200), st.integers(2, 40))
def test_at_most_so_many_in_order_with_both_ends(count: int, most: int) -> None:
    chosen = spread(range(count), most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    assert not count or (chosen[0], chosen[-1]) == (0, count - 1)


def test_layers_that_were_shifted_overlap_once() -> None:
    """Every distance between layers occurs once in a period; certificates stand on the very numbers."""
    assert [period for period, _ in LAYER_PATTERNS] == [1, 3, 7, 13, 21, 31, 57]
    for period, residues in LAYER_PATTERNS:
        distances = sorted((one - other) % period for one in residues for other in residues if one != other)
        assert distances == list(range(1, period))
    assert sum(sum(residues) for _, residues in LAYER_PATTERNS) == 324


@pytest.mark.parametrize(
    ("count", "most", "numbers"), [(0, 3, []), (1, 3, [0]), (5, 3, [0, 2, 4]), (6, 4, [0, 1, 3, 5])]
)
def test_numbers_are_spread_from_the_first_to_the_last(count: int, most: int, numbers: list[int]) -> None:
    assert spread_numbers(count, most).tolist() == numbers
