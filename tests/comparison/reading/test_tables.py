"""Rows by one formula are no copies, wherever they stand; rows that were trained and copied are."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.reading.set_values import without_tables
from tests.models import WIDE, Array, Weights, llama, llama_config, model, noisy

CONFIG = llama_config(WIDE)


def _positions(rows: int, width: int, dtype: type) -> Array:
    rates = np.exp(np.arange(0, width, 2, dtype=dtype) * dtype(-np.log(10000.0) / width))
    angles = np.arange(rows, dtype=dtype)[:, None] * rates
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(rows, -1).astype(np.float32)


def _halves(rows: int, width: int, dtype: type) -> Array:
    table = _positions(rows, width, dtype)
    return np.concatenate([table[:, ::2], table[:, 1::2]], axis=1)


def _cosines(rows: int, width: int, dtype: type) -> Array:
    places = np.arange(width, dtype=dtype)
    angles = dtype(np.pi) / width * (places + dtype(0.5)) * np.arange(1, rows + 1, dtype=dtype)[:, None]
    return np.cos(angles).astype(np.float32)


def _ramps(rows: int, width: int, dtype: type) -> Array:
    return (np.linspace(-1, 1, width, dtype=dtype) * np.arange(1, rows + 1, dtype=dtype)[:, None]).astype(np.float32)


@pytest.mark.parametrize("table", [_positions, _halves, _cosines, _ramps])
def test_rows_by_a_formula_are_cleared_and_nothing_else(table) -> None:
    values = np.random.default_rng(1).standard_normal((60, 128), dtype=np.float32)
    values[20:40] = table(21, 128, np.float32)[1:]
    cleared = without_tables(values)
    assert not cleared[20:40].any()
    np.testing.assert_array_equal(np.delete(cleared, slice(20, 40), 0), np.delete(values, slice(20, 40), 0))


def test_what_has_none_is_given_back() -> None:
    for values in (np.random.default_rng(1).standard_normal((30, 64)), np.ones((30, 3)), np.zeros((30, 64))):
        assert without_tables(one := values.astype(np.float32)) is one


def _with_tables(weights: Weights, dtype: type) -> Weights:
    """The first sixteen rows of every matrix are sinusoids."""
    for values in weights.values():
        if values.ndim == 2:
            values[:16] = 0.02 * _positions(17, values.shape[1], dtype)[1:]
    return weights


def test_strangers_with_tables_inside_their_matrices_are_not_related() -> None:
    a, b = _with_tables(llama(1, WIDE), np.float32), _with_tables(llama(2, WIDE), np.float64)
    verdict = compare_checkpoints(model(a, CONFIG), model(b, CONFIG), effort="full").verdict
    assert verdict.relation == "independent", verdict.summary


def test_tables_hide_no_copy() -> None:
    a, b = _with_tables(llama(1, WIDE), np.float32), _with_tables(noisy(llama(1, WIDE), 2, 0.3), np.float32)
    assert compare_checkpoints(model(a, CONFIG), model(b, CONFIG)).verdict.relation == "derived"
