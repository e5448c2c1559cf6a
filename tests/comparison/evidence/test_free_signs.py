"""Signs stay free in other architectures, in experts that were copies, and after an alignment that fits by chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.comparison.alignment.mixtures import sparse_config, sparsely_upcycled
from tests.comparison.measuring import RUNS, aligned_models, aligned_of, assert_never_too_often, log10_p_values
from tests.comparison.worlds import CONFIG, SIZE, common_features
from tests.library.models import with_layers
from tests.models import Weights, bert, bert_config, gpt2, gpt2_config, llama, llama_config, model, noisy

EXPERTS = 8
REPEATS = 4

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def test_independent_gpt2s() -> None:
    log10_p = log10_p_values(lambda seed: (gpt2(2 * seed), gpt2(2 * seed + 1)), gpt2_config())
    assert len(log10_p) == 5
    assert_never_too_often(log10_p)


def test_independent_berts() -> None:
    log10_p = log10_p_values(lambda seed: (bert(2 * seed), bert(2 * seed + 1)), bert_config())
    assert len(log10_p) == 5
    assert_never_too_often(log10_p)


def test_independent_mixtures_each_upcycled() -> None:
    """Experts that were copied from one dense FFN have its signs and numbers: that many random signs and no more."""

    def pair(seed: int) -> tuple[Weights, Weights]:
        rng = np.random.default_rng([seed, 5])
        one, other = (sparsely_upcycled(llama(2 * seed + i, SIZE), EXPERTS, rng) for i in range(2))
        return one, other

    log10_p = log10_p_values(pair, sparse_config(SIZE, EXPERTS))
    assert {"ffn-signs", "ffn-fixed-points"} <= set(log10_p)
    assert_never_too_often(log10_p)


def test_signs_stay_free_when_every_expert_is_matched_with_one_dense_ffn() -> None:
    """The hardest case: the experts are copies of an image of the dense FFN, under signs of its own."""
    found = []
    for seed in range(RUNS):
        dense, aligned_a = common_features(seed)
        mixture = sparsely_upcycled(aligned_a, EXPERTS, np.random.default_rng([seed, 6]))
        one, other = model(dense, CONFIG), model(mixture, sparse_config(SIZE, EXPERTS))
        aligned = aligned_models(one, other)
        assert aligned is not None
        signs = next(item for item in aligned.evidence if item.test_id == "aligned-ffn-signs")
        assert signs.count > 0.9 * SIZE.ffn  # the copies of one FFN share its random signs
        assert signs.log10_p is not None
        found.append(signs.log10_p)
    assert_never_too_often({"aligned-ffn-signs": np.array(found)})


def test_signs_stay_free_when_every_layer_is_matched_with_one() -> None:
    """The same for a model grown by repeating its layer."""
    found: dict[str, list[float]] = {}
    grown = replace(SIZE, layers=REPEATS)
    for seed in range(RUNS):
        layer, aligned_a = common_features(seed)
        repeated = noisy(with_layers(aligned_a, [0] * REPEATS), seed, 0.1)
        one, other = model(layer, CONFIG), model(repeated, llama_config(grown))
        aligned = aligned_models(one, other)
        for item in aligned.evidence if aligned else ():
            if item.grade == "exact" and item.log10_p is not None:
                found.setdefault(item.test_id, []).append(item.log10_p)
    assert len(found) == 4
    assert_never_too_often({test_id: np.array(values) for test_id, values in found.items()})


def test_after_an_alignment_signs_are_as_free_as_before() -> None:
    """The search finds everything, because B is A's image under random signs and numbers; its signs say nothing."""
    found: dict[str, list[float]] = {}
    for seed in range(RUNS):
        aligned = aligned_of(*common_features(seed), CONFIG)
        for item in aligned.evidence if aligned else ():
            if item.grade == "exact" and item.log10_p is not None:
                found.setdefault(item.test_id, []).append(item.log10_p)
    assert len(found) == 4
    assert_never_too_often({test_id: np.array(values) for test_id, values in found.items()})
