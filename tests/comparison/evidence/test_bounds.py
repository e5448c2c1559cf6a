"""The bounds behind the p-values, against enumeration of every permutation or sign, and against SciPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lineage_audit.comparison.alignment.assignment import assign
from lineage_audit.comparison.evidence.assignment_spearman import (
    _fisher_log10,
    _spearman_with_identity,
    _student_log_tail,
)
from lineage_audit.comparison.evidence.base import unit_rows
from lineage_audit.comparison.evidence.matched_labels import fixed_points_log10_p, match_block, opposed_log10_p
from lineage_audit.comparison.evidence.norm_gains import normal_log10_tail, permutation_z
from lineage_audit.comparison.evidence.random_signs import COUNTED_RANDOM_SIGNS, hoeffding_log10_p, least_mean, log10_p

ROUNDING = 1e-9


def _fixed_point_counts(best: tuple[int, ...]) -> np.ndarray:
    """Units that match their own number, for every numbering of B, when B's units match A's ``best``."""
    n = len(best)
    return np.array([sum(order[i] == best[i] for i in range(n)) for order in itertools.permutations(range(n))])


@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_fixed_points_of_one_block_are_bounded(n: int) -> None:
    counts = _fixed_point_counts(tuple(range(n)))
    for fixed in range(n + 1):
        assert math.log10((counts >= fixed).mean() or 1e-300) <= fixed_points_log10_p(fixed, 1) + ROUNDING


def test_the_bound_holds_when_several_units_best_match_one() -> None:
    for best in itertools.product(range(5), repeat=5):
        counts = _fixed_point_counts(best)
        for fixed in range(2, 6):
            assert (counts >= fixed).mean() <= 10 ** fixed_points_log10_p(fixed, 1) + ROUNDING


@pytest.mark.parametrize("blocks", [2, 3])
def test_fixed_points_of_several_blocks_are_bounded(blocks: int) -> None:
    one = np.bincount(_fixed_point_counts((0, 1, 2, 3)), minlength=5) / math.factorial(4)
    together = np.ones(1)
    for _ in range(blocks):
        together = np.convolve(together, one)
    for fixed in range(len(together)):
        assert together[fixed:].sum() <= 10 ** fixed_points_log10_p(fixed, blocks) + ROUNDING


def test_fixed_points_never_underflow_and_are_tight() -> None:
    assert fixed_points_log10_p(11_002, 1) == pytest.approx(-math.lgamma(11_003) / math.log(10))
    assert fixed_points_log10_p(0, 4) == fixed_points_log10_p(4, 4) == fixed_points_log10_p(3, 0) == 0.0


@pytest.mark.parametrize("count", [1, 7, 20, 300])
def test_signs_of_matches_are_random(count: int) -> None:
    random_signs = stats.binom(count, 0.5)
    for alike in range(count + 1):
        assert random_signs.logsf(alike - 1) / math.log(10) <= opposed_log10_p(alike, count - alike) + ROUNDING
    assert opposed_log10_p(count, 0) == pytest.approx(-count * math.log10(2))
    assert opposed_log10_p(0, 0) == 0.0


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=10))
def test_few_random_signs_are_counted(terms: list[float]) -> None:
    sizes = np.array(terms)
    sums = np.array([sizes @ signs for signs in itertools.product((-1, 1), repeat=len(sizes))])
    total = sizes.sum()
    if total > 1e-6:
        counted = log10_p(sizes)
        assert math.log10((sums >= total + 1e-9).mean() or 1e-300) <= counted + ROUNDING
        if hoeffding_log10_p(sizes) <= -0.4:
            assert counted <= math.log10((sums >= total - 2e-3 * np.abs(sizes).sum()).mean()) + ROUNDING
    elif total <= 0.0:
        assert log10_p(sizes) == 0.0


@pytest.mark.parametrize("random_signs", [8, 20, COUNTED_RANDOM_SIGNS])
def test_random_signs_that_all_agree_count_one_outcome(random_signs: int) -> None:
    terms = np.random.default_rng(random_signs).uniform(0.1, 1.0, random_signs)
    assert log10_p(terms) == pytest.approx(-random_signs * math.log10(2.0))
    assert log10_p(np.append(terms, np.zeros(9))) == log10_p(terms)
    assert log10_p(-terms) == log10_p(np.zeros(0)) == 0.0


def test_counted_random_signs_against_draws() -> None:
    rng = np.random.default_rng(1)
    terms = rng.standard_normal(40) + 0.3
    drawn = (rng.choice((-1.0, 1.0), (200_000, 40)) @ np.abs(terms) >= terms.sum()).mean()
    assert log10_p(terms) == pytest.approx(math.log10(drawn), abs=0.05)


@pytest.mark.parametrize("random_signs", [30, COUNTED_RANDOM_SIGNS, COUNTED_RANDOM_SIGNS + 1, 2000])
def test_nine_of_ten_sums_at_the_least_mean_reach_the_level(random_signs: int) -> None:
    mean = least_mean(random_signs, 0.5, -7.0)
    assert mean is not None
    rng = np.random.default_rng(random_signs)
    noise = 0.5 * rng.standard_normal((200, random_signs))
    assert sum(log10_p(mean + row) <= -7.0 for row in noise) >= 175
    assert sum(log10_p(0.6 * mean + row) <= -7.0 for row in noise) <= 120


def test_too_few_random_signs_reach_no_level() -> None:
    assert least_mean(23, 1.0, -7.0) is None
    assert least_mean(24, 1.0, -7.0) is not None


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=10))
def test_hoeffding_bounds_every_sign_assignment(terms: list[float]) -> None:
    sizes = np.array(terms)
    sums = np.array([sizes @ signs for signs in itertools.product((-1, 1), repeat=len(sizes))])
    total = sizes.sum()
    if total > 1e-6:
        probability = (sums >= total - 1e-12).mean()
        assert math.log10(probability) <= hoeffding_log10_p(sizes) + ROUNDING
    else:
        assert hoeffding_log10_p(sizes) <= 0.0


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=8))
def test_the_bound_holds_for_terms_that_share_their_random_signs(pairs: list[tuple[float, float]]) -> None:
    sizes = np.array(pairs)
    sums = np.array([np.array(signs) @ sizes.sum(axis=1) for signs in itertools.product((-1, 1), repeat=len(sizes))])
    total = sizes.sum()
    if total > 1e-6:
        assert math.log10((sums >= total - 1e-12).mean()) <= hoeffding_log10_p(sizes.ravel(), 2) + ROUNDING


def test_hoeffding_of_nothing_is_no_evidence() -> None:
    assert hoeffding_log10_p(np.zeros(5)) == hoeffding_log10_p(np.array([-1.0, -2.0])) == 0.0
    assert hoeffding_log10_p(np.full(10**6, 1.0)) == pytest.approx(-(10**6) / 2 / math.log(10))


def _standardised(gains: np.ndarray) -> np.ndarray:
    return (gains - gains.mean(axis=1, keepdims=True)) / gains.std(axis=1, keepdims=True)


@pytest.mark.parametrize("norms", [1, 3])
def test_permutation_z_has_the_mean_and_variance_of_all_permutations(norms: int) -> None:
    rng = np.random.default_rng(norms)
    a, b = (_standardised(rng.standard_normal((norms, 6))) for _ in range(2))
    sums = np.array([(a * b[:, list(order)]).sum() for order in itertools.permutations(range(6))])
    correlation, z = permutation_z(a, b)
    assert correlation == pytest.approx((a * b).mean())
    assert z == pytest.approx(((a * b).sum() - sums.mean()) / sums.std())


def test_permutation_z_of_equal_gains_says_nothing() -> None:
    assert permutation_z(np.zeros((2, 8)), np.zeros((2, 8)))[1] == 0.0


@pytest.mark.parametrize("z", [0.1, 1.0, 5.0, 20.0, 29.9, 30.1, 50.0, 300.0])
def test_normal_tail_against_scipy(z: float) -> None:
    exact = stats.norm.logsf(z) / math.log(10)
    assert exact - ROUNDING * abs(exact) <= normal_log10_tail(z) <= exact + 0.001


@given(st.permutations(range(12)))
def test_spearman_against_scipy(order: list[int]) -> None:
    expected = stats.spearmanr(order, range(12))
    rho = _spearman_with_identity(np.array(order))
    assert rho == pytest.approx(expected.statistic, abs=1e-12)
    if 0 < rho < 1 - 1e-9:
        one_sided = stats.spearmanr(order, range(12), alternative="greater").pvalue
        exact = max(math.log(one_sided), -math.lgamma(13))
        assert exact - ROUNDING <= _student_log_tail(rho, 12) <= max(exact + 2.0 * math.log(1 / rho), -math.lgamma(13))


def test_the_tail_of_a_perfect_order_is_one_permutation_of_all() -> None:
    assert _student_log_tail(1.0, 20) == pytest.approx(-math.lgamma(21))
    assert math.isfinite(_student_log_tail(0.999, 1024))


@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=20))
def test_fisher_against_scipy(p_values: list[float]) -> None:
    expected = stats.combine_pvalues(p_values, method="fisher").pvalue
    assert _fisher_log10([math.log(p) for p in p_values]) == pytest.approx(math.log10(expected), abs=1e-8)


def test_fisher_does_not_underflow() -> None:
    assert _fisher_log10([-5000.0] * 40) < -80_000


@given(st.integers(1, 6), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_an_assignment_gives_each_row_its_own_column(rows: int, more: int, seed: int) -> None:
    similarity = np.random.default_rng(seed).standard_normal((rows, rows + more)).astype(np.float32)
    assigned = assign(similarity)
    assert len(set(assigned.tolist())) == rows
    if len(set(similarity.argmax(axis=1).tolist())) == rows:
        np.testing.assert_array_equal(assigned, similarity.argmax(axis=1))


@given(st.permutations(range(8)), st.integers(0, 2**32 - 1))
def test_an_assignment_finds_a_clear_order(order: list[int], seed: int) -> None:
    noise = np.random.default_rng(seed).uniform(0, 0.4, (8, 8))
    similarity = (np.eye(8)[order] + noise).astype(np.float32)
    np.testing.assert_array_equal(assign(similarity), order)


def test_equal_and_dead_units_do_not_match() -> None:
    rows = np.random.default_rng(1).standard_normal((6, 8)).astype(np.float32)
    rows[1] = rows[0]
    rows[5] = 0.0
    block = match_block(0, unit_rows(rows) @ unit_rows(rows).T, 1)
    assert block.own.tolist() == [False, False, True, True, True, False]
