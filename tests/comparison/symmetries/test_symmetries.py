"""Each exact test negates or renumbers whole units: the symmetries of the function, and nothing finer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.comparison.measuring import RUNS, evidence_of, most_rejections
from tests.comparison.symmetry_worlds import SYMMETRIES, logits, random_disguise
from tests.comparison.worlds import CONFIG
from tests.comparison.worlds import SIZE as ONE_LAYER
from tests.models import SMALL, Size, bert, bert_config, gpt2, gpt2_config, llama, llama_config

SIGN_TESTS = [test_id for test_id in SYMMETRIES if test_id.endswith("signs")]


@pytest.mark.parametrize("test_id", SYMMETRIES)
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_each_symmetry_leaves_the_function_as_it_was(test_id: str, kv_heads: int) -> None:
    size = Size(kv_heads=kv_heads)
    rng = np.random.default_rng(3)
    weights = {name: values * (20 if values.ndim > 1 else 1) for name, values in llama(5, size).items()}
    tokens = rng.integers(0, size.vocab, 12)
    aligned_a = SYMMETRIES[test_id](weights, size, rng)
    assert any(not np.array_equal(aligned_a[name], weights[name]) for name in weights) or kv_heads == 1
    expected = logits(weights, size, tokens)
    assert np.ptp(expected) > 1.0
    np.testing.assert_allclose(logits(aligned_a, size, tokens), expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("test_id", SIGN_TESTS)
@pytest.mark.parametrize("kv_heads", [1, 2, 4])
def test_a_flip_turns_whole_terms_over(test_id: str, kv_heads: int) -> None:
    """Of one model against its flipped self every unit agrees fully or opposes fully: none is cut in two."""
    size = Size(kv_heads=kv_heads)
    weights = llama(7, size)
    config = llama_config(size)
    itself = evidence_of(weights, weights, config)[test_id]
    flipped = evidence_of(weights, SYMMETRIES[test_id](weights, size, np.random.default_rng(1)), config)[test_id]
    terms = (itself.statistic or 0.0) / itself.count
    opposed = (itself.count - (flipped.statistic or 0.0) / terms) / 2
    assert itself.effect == pytest.approx(1.0, abs=1e-5)
    assert flipped.count == itself.count
    assert opposed == pytest.approx(round(opposed), abs=1e-3)
    assert 0 < round(opposed) < itself.count


def test_units_are_counted_as_the_architecture_has_them() -> None:
    evidence = evidence_of(llama(1), llama(1))
    size = SMALL
    assert evidence["ffn-signs"].count == size.layers * size.ffn
    assert evidence["value-output-signs"].count == size.layers * size.kv_rows
    assert evidence["query-key-signs"].count == size.layers * size.kv_rows // 2
    assert evidence["channel-signs"].count == size.hidden
    assert evidence["head-fixed-points"].count == size.layers * size.kv_heads


@pytest.mark.parametrize("test_id", SYMMETRIES)
def test_a_test_is_exact_on_random_aligned_tensors_of_one_model(test_id: str) -> None:
    """The hardest independent-looking pair: the same weights, but for a random element of the test's own symmetry."""
    rng = np.random.default_rng(17)
    values = []
    for seed in range(RUNS):
        weights = llama(seed, ONE_LAYER)
        aligned_a = SYMMETRIES[test_id](weights, ONE_LAYER, rng)
        values.append(evidence_of(weights, aligned_a, CONFIG)[test_id].log10_p)
    for level in (0.1, 0.01, 0.001):
        assert sum(value <= np.log10(level) for value in values) <= most_rejections(RUNS, level)


def test_every_exact_test_is_blind_to_a_random_disguise() -> None:
    rng = np.random.default_rng(23)
    values: dict[str, list[float]] = {}
    for seed in range(RUNS):
        weights = llama(seed, ONE_LAYER)
        for test_id, item in evidence_of(weights, random_disguise(weights, ONE_LAYER, rng), CONFIG).items():
            if item.grade == "exact" and item.status == "measured":
                values.setdefault(test_id, []).append(item.log10_p or 0.0)
    assert set(values) == set(SYMMETRIES)
    assert all(sum(value <= -2 for value in found) <= most_rejections(RUNS, 0.01) for found in values.values())


@pytest.mark.parametrize(("weights", "config"), [(gpt2(1), gpt2_config()), (bert(1), bert_config())])
def test_signs_that_are_not_free_are_not_tested(weights: dict, config: dict) -> None:
    evidence = evidence_of(weights, weights, config)
    assert evidence["ffn-signs"].status == "not-applicable"
    assert evidence["channel-signs"].status == "not-applicable"
    assert evidence["value-output-signs"].effect == pytest.approx(1.0, abs=1e-5)
    assert evidence["query-key-signs"].effect == pytest.approx(1.0, abs=1e-5)
