"""Which rows count, and when units are copies or lean one way."""

import numpy as np
import pytest

from lineage_audit.certificate.vectors import RUN, copies_among, lean, unit, usable_rows

RANDOM = np.random.default_rng(0)


def _rows(change):
    rows = RANDOM.standard_normal((2, 64)).astype(np.float32)
    change(rows[1])
    return rows


def _identity(row):
    row *= 0.001
    row[3] = 1


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.fill(0),
        lambda row: row.fill(1),
        lambda row: np.copyto(row, np.sign(row)),
        lambda row: np.put(row, 5, np.nan),
        lambda row: np.put(row, 5, 1e17),
        lambda row: np.put(row, np.arange(20, 20 + RUN), 0.5),
        _identity,
    ],
    ids=["zeros", "ones", "signs", "nan", "huge", "run", "identity"],
)
def test_rows_that_were_set_do_not_count(change):
    assert usable_rows(_rows(change)).tolist() == [True, False]


def test_zeros_of_a_pruned_row_are_no_run():
    assert usable_rows(_rows(lambda row: np.put(row, np.arange(30), 0))).all()


def test_units_lean_where_they_have_a_mean_and_not_by_chance():
    rows = RANDOM.standard_normal((300, 64))
    assert not lean([unit(rows)])
    assert lean([unit(rows + 0.5)])
    assert not lean([])


def test_copies_of_copies_are_copies():
    sizes = np.eye(4)
    sizes[0, 2] = sizes[2, 0] = sizes[2, 3] = sizes[3, 2] = 0.9
    assert copies_among(sizes).tolist() == [0, 1, 0, 0]
