"""FFN units find their counterparts by a few numbers each, in any order and with any signs."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.invariants.unit_columns import UnitColumns, match_some_by_size, match_units
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock

UNITS, NUMBERS, ASKED = 700, 48, 90


def _columns(values: np.ndarray) -> UnitColumns:
    return UnitColumns(FfnBlock(0, None), unit_rows(values), np.linalg.norm(values, axis=1))


@pytest.fixture
def numbers() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((UNITS, NUMBERS)).astype(np.float32)


def test_some_units_are_found_by_size_whatever_the_signs_of_units_and_channels(numbers: np.ndarray) -> None:
    drawn = np.random.default_rng(2)
    order = drawn.permutation(UNITS)
    signs = drawn.choice([-1.0, 1.0], (UNITS, 1)) * drawn.choice([-1.0, 1.0], (1, NUMBERS))
    units, a_units = match_some_by_size(_columns(numbers), _columns((numbers[order] * signs).astype(np.float32)), ASKED)
    assert len(units) == ASKED
    assert np.array_equal(a_units, order[units])


def test_no_units_of_strangers_are_matched(numbers: np.ndarray) -> None:
    stranger = _columns(np.random.default_rng(3).standard_normal((UNITS, NUMBERS)).astype(np.float32))
    assert len(match_some_by_size(_columns(numbers), stranger, ASKED)[0]) == 0


def test_all_units_are_found_where_their_number_is_no_multiple_of_what_is_multiplied_at_once(
    numbers: np.ndarray,
) -> None:
    order = np.random.default_rng(4).permutation(UNITS)
    found = match_units(_columns(numbers), _columns(-numbers[order]))
    assert np.array_equal(found.a_units, order)
    assert found.cosines == pytest.approx(-1.0)
