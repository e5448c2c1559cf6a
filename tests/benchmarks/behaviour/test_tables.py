"""The tables of the benchmark, from pairs made up."""

from __future__ import annotations

from benchmarks.behaviour.measuring import FEWER, Measured
from benchmarks.behaviour.people import Group
from benchmarks.behaviour.tables import tables
from lineage_audit.results import BehaviourOutcome


def _pair(group: Group, effect: float, outcome: BehaviourOutcome, p_value: float) -> Measured:
    fewer = dict.fromkeys(FEWER, (effect / 2, outcome))
    first = effect > 0.5
    return Measured("a", "b", group, outcome, effect, p_value, 9, 0.2, 0.5, 1.0, fewer, (p_value, outcome), first)


PAIRS = [
    _pair("student by answers", 0.8, "leans", 0.1),
    _pair("student by text", 0.4, "inconclusive", 0.1),
    *(_pair("strangers", 0.1 * n, "none", 1.0) for n in range(4)),
    _pair("strangers of one corpus", 0.6, "leans", 0.1),
]
LINES = [" ".join(line.split()) for line in tables(PAIRS)]


def test_outcomes_are_counted_by_group() -> None:
    assert "student by answers 1 1 0 0 0.80 0.80 0.80 1.000" in LINES
    assert "student by text 1 0 0 1 0.40 0.40 0.40 0.800" in LINES


def test_false_alarms_stand_beside_the_rate_that_is_stated() -> None:
    assert "all controls: first by rank 0.200 (stated: at most 0.100), lean said 1" in LINES
    assert "five controls: first by rank 0.200 (stated: at most 0.167), lean said 1" in LINES


def test_pairs_that_come_first_of_all_are_counted() -> None:
    assert "all controls: first of all pairs 0.2000 (if all were drawn alike: 0.0182)" in LINES
    assert "five controls: first of all pairs 0.2000 (if all were drawn alike: 0.0476)" in LINES


def test_passages_tell_how_many_students_are_found() -> None:
    assert any(line.startswith("4 1 of 2 1 of 5") for line in LINES)
