"""What all rows of both models share is weighed down, whatever the order, signs and angles of the rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from lineage_audit.comparison.invariants.decorrelation import decorrelated

Rows = npt.NDArray[np.float32] | npt.NDArray[np.complex64]
COUNT, NUMBERS = 300, 96


def _rows(seed: int, *, turned: bool = False) -> Rows:
    random = np.random.default_rng(seed)
    real = random.standard_normal((COUNT, NUMBERS)).astype(np.float32)
    if not turned:
        return real
    return (real + 1j * random.standard_normal((COUNT, NUMBERS))).astype(np.complex64)


def _cosine(a: Rows, b: Rows) -> float:
    """Mean size of the cosine of rows of the same number."""
    products = np.abs(np.einsum("ij,ij->i", a, b.conj()))
    return float((products / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)).mean())


@pytest.mark.parametrize("turned", [False, True])
def test_what_strangers_share_is_weighed_down(turned: bool) -> None:
    common = 4 * _rows(0, turned=turned)[:1]
    a, b = (common + _rows(seed, turned=turned) for seed in (1, 2))
    related = common + 0.5 * (a - common) + 0.87 * (b - common)
    assert _cosine(a, b) > 0.9
    assert _cosine(decorrelated(a), decorrelated(b)) < 2 / np.sqrt(NUMBERS)
    assert _cosine(decorrelated(a), decorrelated(related)) > 0.4


def test_orders_signs_and_angles_move_no_weight() -> None:
    random, rows = np.random.default_rng(3), _rows(1, turned=True)
    order = random.permutation(COUNT)
    angles = np.exp(2j * np.pi * random.random((COUNT, 1)))
    np.testing.assert_allclose(decorrelated(rows[order] * angles), decorrelated(rows)[order] * angles, atol=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_few_rows_are_weighed_as_many_are(turned: bool) -> None:
    """Fewer rows than numbers are weighed by their products with each other, which are fewer."""
    few = _rows(1, turned=turned)[: NUMBERS // 2]
    padded = np.concatenate([few, np.zeros((NUMBERS, NUMBERS), dtype=few.dtype)])
    np.testing.assert_allclose(decorrelated(few), decorrelated(padded)[: len(few)], atol=1e-5)


def test_rows_without_a_number_are_left_alone() -> None:
    for empty in (np.zeros((4, 3), dtype=np.float32), np.zeros((4, 0), dtype=np.float32)):
        np.testing.assert_array_equal(decorrelated(empty), empty)
