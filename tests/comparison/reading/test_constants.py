"""What was set to one constant in both models is no part of what is compared, wherever it lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.reading.set_values import RUN, without_constants, without_set_diagonal
from tests.models import WIDE, Array, Weights, llama, llama_config, model, noisy

CONFIG = llama_config(WIDE)
VOCABULARY = ("model.embed_tokens.weight", "lm_head.weight")


def _drawn(seed: int, rows: int = 40, width: int = 50) -> Array:
    return np.random.default_rng(seed).standard_normal((rows, width)).astype(np.float32)


def _row(values: Array, run: int) -> None:
    values[3, 5 : 5 + run] = 0.7


def _column(values: Array, run: int) -> None:
    values[2 : 2 + run, 9] = 0.7


def _diagonal(values: Array, run: int) -> None:
    values[np.arange(4, 4 + run), np.arange(1, 1 + run)] = 0.7


@pytest.mark.parametrize("place", [_row, _column, _diagonal])
def test_runs_are_cleared_and_nothing_else(place) -> None:
    plain = _drawn(1)
    values = plain.copy()
    place(values, RUN)
    was_set = values != plain
    assert was_set.sum() == RUN
    np.testing.assert_array_equal(without_constants(values), np.where(was_set, 0, values))
    long = plain.copy()
    place(long, 2 * RUN + 3)
    assert (without_constants(long) == 0).sum() == 2 * RUN + 3


@pytest.mark.parametrize("place", [_row, _column, _diagonal])
def test_a_short_run_stays(place) -> None:
    values = _drawn(1)
    place(values, RUN - 1)
    assert without_constants(values) is values


def test_small_blocks_zeros_and_few_values_are_left_alone() -> None:
    small = np.ones((3, RUN - 1), np.float32)
    assert without_constants(small) is small
    zeros = np.zeros((40, 40), np.float32)
    assert without_constants(zeros) is zeros
    ternary = np.random.default_rng(3).integers(-1, 2, (256, 256)).astype(np.float32)
    assert without_constants(ternary) is ternary


def _padded(weights: Weights, constant: float) -> Weights:
    """The last rows of the vocabulary were never trained."""
    for name in VOCABULARY:
        weights[name][-64:] = constant
    return weights


def _half_set(weights: Weights, constant: float) -> Weights:
    """Half of every row of up, v and q, and a column of every matrix, was set."""
    for name, values in weights.items():
        if any(part in name for part in ("up_proj", "v_proj", "q_proj")):
            values[:, :64] = constant
        if values.ndim == 2:
            values[:, 3] = constant
    return weights


def _identities(weights: Weights, constant: float) -> Weights:
    """Square matrices that have one value on the diagonal."""
    for values in weights.values():
        if values.ndim == 2:
            np.fill_diagonal(values, constant)
    return weights


@pytest.mark.parametrize("world", [_padded, _half_set, _identities])
@pytest.mark.parametrize("constants", [(1.0, 1.0), (0.05, 0.02)])
def test_strangers_with_constants_are_not_related(world, constants: tuple[float, float]) -> None:
    a, b = (world(llama(seed, WIDE), constant) for seed, constant in zip((1, 2), constants, strict=True))
    verdict = compare_checkpoints(model(a, CONFIG), model(b, CONFIG)).verdict
    assert verdict.relation == "independent", verdict.summary
    assert (verdict.copied_share or 0.0) < 0.01


@pytest.mark.parametrize("world", [_padded, _half_set, _identities])
def test_relatives_with_constants_are_found(world) -> None:
    parent, child = world(llama(1, WIDE), 1.0), world(noisy(llama(1, WIDE), 2, 0.3), 1.0)
    verdict = compare_checkpoints(model(parent, CONFIG), model(child, CONFIG)).verdict
    assert verdict.relation == "derived"
    assert (verdict.log10_p or 0.0) < -50
    same = compare_checkpoints(model(parent, CONFIG), model(dict(parent), CONFIG)).verdict
    assert same.relation == "identical"


def test_equal_constants_elsewhere_make_no_identity() -> None:
    a, b = _padded(llama(1, WIDE), 1.0), _padded(llama(1, WIDE), 0.5)
    assert compare_checkpoints(model(a, CONFIG), model(b, CONFIG)).verdict.relation == "derived"


def test_a_set_diagonal_cuts_no_run_that_it_crosses() -> None:
    values = np.random.default_rng(1).standard_normal((48, 64)).astype(np.float32)
    values[:, : RUN + 8] = 0.05
    left = without_set_diagonal(values, np.arange(48))
    assert not left[:, : RUN + 8].any()
    assert (left[:, RUN + 8 :] == values[:, RUN + 8 :]).all()
    assert (values[:, : RUN + 8] == np.float32(0.05)).all()


@given(
    rows=st.integers(1, 60),
    width=st.integers(1, 60),
    values=st.sampled_from([1, 2, 5, 10**6]),
    places=st.lists(
        st.tuples(st.sampled_from([(0, 1), (1, 0), (1, 1)]), st.integers(0, 59), st.integers(0, 59)), max_size=3
    ),
    length=st.integers(RUN - 3, 3 * RUN),
)
def test_looking_at_every_third_element_first_misses_no_run(rows, width, values, places, length) -> None:
    held = np.random.default_rng(rows * width).integers(-values, values + 1, (rows, width)).astype(np.float32)
    for (down, along), row, column in places:
        steps = np.arange(length)
        inside = (row + down * steps < rows) & (column + along * steps < width)
        held[(row + down * steps)[inside], (column + along * steps)[inside]] = 0.5
    cleared = without_constants(held)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lineage_audit.comparison.reading.set_values._may_hold_runs", lambda *_: True)
        assert np.array_equal(cleared, without_constants(held))
