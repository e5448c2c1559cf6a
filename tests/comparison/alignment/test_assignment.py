from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from lineage_audit.comparison.alignment.assignment import (
    _in_order_of_maxima,
    assign,
    match_margins,
    mean_match_margin,
)


@given(rows=st.integers(1, 12), extra=st.integers(0, 6), seed=st.integers(0, 10_000))
def test_every_row_gets_a_column_of_its_own(rows: int, extra: int, seed: int) -> None:
    similarity = np.random.default_rng(seed).random((rows, rows + extra)).astype(np.float32)
    columns = assign(similarity)
    assert len(set(columns.tolist())) == rows
    assert len(set(_in_order_of_maxima(similarity).tolist())) == rows


@given(rows=st.integers(2, 20), seed=st.integers(0, 10_000))
def test_a_planted_order_is_found_as_the_hungarian_method_finds_it(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(rows)
    similarity = 0.2 * rng.random((rows, rows)).astype(np.float32)
    similarity[np.arange(rows), order] += 0.5
    assert assign(similarity).tolist() == order.tolist() == linear_sum_assignment(similarity, maximize=True)[1].tolist()


def test_the_match_margin_is_that_of_the_best_over_the_second_best() -> None:
    assert np.isclose(mean_match_margin(np.array([[0.9, 0.2, 0.5], [0.1, 0.3, 0.4]], dtype=np.float32)), 0.25)
    assert mean_match_margin(np.array([[0.9]], dtype=np.float32)) == 0.0


@given(rows=st.integers(1, 700), columns=st.integers(2, 9), values=st.integers(1, 50), seed=st.integers(0, 10_000))
def test_margins_are_those_of_sorted_rows(rows: int, columns: int, values: int, seed: int) -> None:
    similarity = np.random.default_rng(seed).integers(0, values, (rows, columns)).astype(np.float32)
    before, ordered = similarity.copy(), np.sort(similarity, axis=1)
    assert np.array_equal(match_margins(similarity), ordered[:, -1] - ordered[:, -2])
    assert np.array_equal(similarity, before)
