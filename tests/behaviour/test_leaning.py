"""The statistic on answers drawn by a formula: what it finds, what it does not, and how often it is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.behaviour.gram import gram_of
from lineage_audit.behaviour.leaning import leaning, partial_correlations
from lineage_audit.behaviour.thresholds import LEAN
from tests.behaviour.synthetic import (
    PROMPTS,
    answers,
    drawn,
    showing_only_the_best,
    stranger,
    strangers,
    student_of,
)


def test_partial_correlations_are_those_of_the_textbook() -> None:
    values = np.random.default_rng(0).normal(size=(500, 4)) @ np.random.default_rng(1).normal(size=(4, 4))
    found = partial_correlations(values.T @ values)
    others = values[:, 2:]
    left = [one - others @ np.linalg.lstsq(others, one, rcond=None)[0] for one in (values[:, 0], values[:, 1])]
    expected = left[0] @ left[1] / np.sqrt((left[0] @ left[0]) * (left[1] @ left[1]))
    assert found[0, 1] == pytest.approx(expected, abs=1e-4)
    assert np.diag(found) == pytest.approx(1.0)


def test_a_student_leans_to_its_teacher_by_what_it_took() -> None:
    controls = strangers(8)
    for share in (0.4, 0.8):
        found = leaning(gram_of([stranger(1), student_of(1, of=1, share=share), *controls], PROMPTS))
        assert found.effect == pytest.approx(share, abs=0.12)
        assert found.low < found.effect < found.high
        assert found.p_value == pytest.approx(1 / 9)
        assert found.largest_control < 0.1


def test_what_a_corpus_gave_is_taken_off_where_a_control_has_it_too() -> None:
    corpus = drawn(77)
    a, b, *others = (answers(f"of-the-corpus-{n}", corpus, drawn(300 + n)) for n in range(6))
    with_corpus = leaning(gram_of([a, b, *others, *strangers(4)], PROMPTS))
    without = leaning(gram_of([a, b, *strangers(8)], PROMPTS))
    assert without.effect > 0.4 > 0.3 > with_corpus.effect
    assert with_corpus.p_value > 1 / 9


def test_few_directions_that_a_corpus_gave_do_not_drown_the_rest() -> None:
    """One direction of 190, the same for two models, and larger than all that is their own."""
    habit = 5.0 * np.outer(drawn(78)[:, 0], drawn(79)[0] / np.linalg.norm(drawn(79)[0]))
    a, b = (answers(f"of-one-habit-{n}", habit, 0.4 * drawn(400 + n)) for n in range(2))
    others = [answers(f"without-{n}", 0.4 * drawn(410 + n)) for n in range(6)]
    assert leaning(gram_of([a, b, *others], PROMPTS), 0).effect < LEAN.least_effect


def test_what_controls_share_among_themselves_is_kept() -> None:
    found = leaning(gram_of([stranger(1), stranger(2), student_of(10, of=10), *strangers(6)], PROMPTS), 0)
    assert np.unravel_index(found.among.argmax(), found.among.shape) == (0, 1)
    assert found.closest_controls > 0.6
    assert np.diag(found.among) == pytest.approx(0.0)


def test_both_models_need_a_rank_of_their_own() -> None:
    """B takes part in what many took from A's teacher; for B alone A is nothing special."""
    taught = [answers(f"taught-{n}", drawn(500), drawn(600 + n)) for n in range(3)]
    a = stranger(1)
    b = answers("b", 0.2 * drawn(1001), drawn(500), drawn(700))
    found = leaning(gram_of([a, b, *taught, *strangers(5)], PROMPTS))
    assert (found.to_a < found.effect).all()
    assert (found.to_b > found.effect).any()
    assert found.p_value > 1 / 9


def test_a_stranger_ranks_first_no_more_often_than_chance() -> None:
    """Of all orders of one set of exchangeable models exactly one in k + 1 gives the least p-value for each model A."""
    models = [stranger(n) for n in range(12)]
    gram = gram_of(models, PROMPTS)
    first = 0
    for b in range(1, 12):
        order = [0, b, *(n for n in range(1, 12) if n != b)]
        reordered = type(gram)(gram.passages[:, order][:, :, order], gram.stops)
        first += leaning(reordered).p_value < 1 / 11 + 1e-9
    assert first <= 1


@pytest.mark.parametrize("shown", [60, 20])
def test_what_one_model_does_not_show_is_hidden_in_all(shown: int) -> None:
    a, b = stranger(1), student_of(1, of=1)
    partly = [showing_only_the_best(b, shown), *strangers(6)]
    assert leaning(gram_of([a, *partly], PROMPTS), 0).effect > 0.6
    assert abs(leaning(gram_of([stranger(2), *partly], PROMPTS), 0).effect) < 0.2


def test_stops_at_which_models_show_nothing_in_common_are_left_out() -> None:
    one = showing_only_the_best(stranger(1), 60)
    apart = replace(one, seen=np.where(one.seen > 0, 0, one.seen[:, ::-1]).astype(np.float32))
    apart.seen[:200] = one.seen[:200]
    assert gram_of([one, apart, *strangers(6)], PROMPTS).stops < gram_of([one, *strangers(6)], PROMPTS).stops


def test_a_stop_that_one_model_hardly_shows_is_left_out() -> None:
    hidden = showing_only_the_best(stranger(1), 1)
    assert gram_of([hidden, stranger(2)], PROMPTS).stops < PROMPTS.stops
