"""Units are told apart by what they hold, and never by zeros that both models have in the same places."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.evidence.matched_labels import fixed_points_log10_p, match_block, match_cosines
from lineage_audit.comparison.evidence.unit_cosines import cosines_of_units

UNITS, WIDTH = 128, 96


def _pair(seed: int, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, UNITS, WIDTH), dtype=np.float32)
    return (a, b) if mask is None else (a * mask, b * mask)


def _half(seed: int) -> np.ndarray:
    return (np.random.default_rng([seed, 1]).random((UNITS, WIDTH)) < 0.5).astype(np.float32)


def _blocks(_: int) -> np.ndarray:
    return np.kron(np.eye(4), np.ones((UNITS // 4, WIDTH // 4))).astype(np.float32)


def test_cosines_are_the_plain_ones_where_zeros_tell_nobody_apart() -> None:
    a, b = _pair(1, None)
    for mask in (np.ones((1, WIDTH)), np.arange(WIDTH)[None] < 40):  # the same columns of every unit
        one, other = ((side * mask).astype(np.float32) for side in (a, b))
        found = cosines_of_units(one, other)
        np.testing.assert_array_equal(found.values, unit_rows(other) @ unit_rows(one).T)
        assert found.rivals.all()
        assert found.by_chance == 1.0


@pytest.mark.parametrize("mask", [_half, _blocks])
def test_a_mask_that_both_have_makes_no_fixed_points(mask) -> None:
    plain, told = 0, 0
    for seed in range(60):
        a, b = _pair(seed, mask(seed))
        found = match_cosines(0, cosines_of_units(a, b), 1)
        plain += int(match_block(0, unit_rows(b) @ unit_rows(a).T, 1).own.sum())
        told += int(found.own.sum())
        assert fixed_points_log10_p(int(found.own.sum()), found.by_chance) > -3.0
    by_chance = 60 * cosines_of_units(*_pair(0, mask(0))).by_chance
    assert plain > 1.5 * 60
    assert told <= by_chance + 4 * by_chance**0.5


@pytest.mark.parametrize("mask", [_half, _blocks])
def test_a_copy_is_found_beneath_its_mask(mask) -> None:
    a, noise = _pair(1, mask(1))
    found = match_cosines(0, cosines_of_units(a, a + 0.5 * noise), 1)
    assert found.own.mean() > 0.9
    assert fixed_points_log10_p(int(found.own.sum()), found.by_chance) < -50


def test_units_that_share_too_little_are_no_rivals() -> None:
    a, b = _pair(1, np.kron(np.eye(16), np.ones((UNITS // 16, WIDTH // 16))).astype(np.float32))
    found = cosines_of_units(a, b)
    assert not found.values.any()
    assert not found.rivals.any()


def test_sums_keep_those_that_are_rivals_in_both() -> None:
    masked, plain = cosines_of_units(*_pair(1, _blocks(1))), cosines_of_units(*_pair(2, None))
    both = masked + plain
    np.testing.assert_array_equal(both.rivals, masked.rivals)
    assert both.by_chance == 4.0
    assert not both.values[~both.rivals].any()
