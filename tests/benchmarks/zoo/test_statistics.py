from __future__ import annotations

import math

import pytest

from benchmarks.zoo.statistics import auc, detected_without_false_alarm, median, quantile_pairs, ranks, rejections, roc


class TestRoc:
    def test_perfect_reversed_and_blind(self):
        assert auc([3, 4], [1, 2]) == 1.0
        assert auc([1, 2], [3, 4]) == 0.0
        assert auc([1, 1, 1], [1, 1]) == 0.5

    def test_ties_count_half(self):
        # Of the six comparisons (3, 2) x (2, 1, 0): five wins and one tie.
        assert auc([3, 2], [2, 1, 0]) == pytest.approx(5.5 / 6)

    def test_endless_scores_and_abstentions(self):
        assert auc([math.inf, 5], [0, -math.inf]) == 1.0
        assert auc([math.inf, -math.inf], [0.0]) == 0.5

    def test_points(self):
        assert roc([2, 1], [1, 0]) == [(0, 0), (0, 0.5), (0.5, 1), (1, 1)]

    def test_detections_above_every_independent_pair(self):
        assert detected_without_false_alarm([5, 4, 3, 1], [3, 0]) == 0.5


def test_rejections_count_values_at_the_level():
    assert rejections([-2.0, -1.99, -3.5, 0.0], 1e-2) == 2
    assert rejections([-2.0, -1.99, -3.5, 0.0], 1e-3) == 1


def test_uniform_values_lie_on_the_diagonal():
    count = 200
    uniform = [math.log10((rank + 0.5) / count) for rank in range(count)]
    for expected, observed in quantile_pairs(uniform):
        assert observed == pytest.approx(expected)


def test_ranks_order_tuples_and_share_a_rank():
    assert ranks([(2, 5.0), (0, 9.0), (2, 5.0), (2, math.inf)]) == [1.0, 0.0, 1.0, 2.0]


def test_median_of_nothing():
    assert median([]) is None
    assert median([3.0, 1.0, 2.0]) == 2.0
