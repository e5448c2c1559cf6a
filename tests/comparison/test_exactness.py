"""The exact tests reject independent models no more often than their level says, however alike the models look."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from tests.comparison.measuring import aligned_of, assert_never_too_often, log10_p_values
from tests.comparison.symmetries import SYMMETRIES
from tests.comparison.worlds import CONFIG, WORLDS, common_features
from tests.models import bert, bert_config, gpt2, gpt2_config, model

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.mark.parametrize("world", WORLDS)
def test_independent_llamas(world: str) -> None:
    log10_p = log10_p_values(WORLDS[world], CONFIG)
    assert set(log10_p) == set(SYMMETRIES)
    assert_never_too_often(log10_p)


def test_independent_gpt2s() -> None:
    log10_p = log10_p_values(lambda seed: (gpt2(2 * seed), gpt2(2 * seed + 1)), gpt2_config())
    assert len(log10_p) == 5
    assert_never_too_often(log10_p)


def test_independent_berts() -> None:
    log10_p = log10_p_values(lambda seed: (bert(2 * seed), bert(2 * seed + 1)), bert_config())
    assert len(log10_p) == 5
    assert_never_too_often(log10_p)


def test_after_an_alignment_signs_are_as_free_as_before() -> None:
    """The search finds everything, because B is A's image under random signs and numbers; its signs say nothing."""
    found: dict[str, list[float]] = {}
    for seed in range(60):
        aligned = aligned_of(*common_features(seed), CONFIG)
        for item in aligned.evidence if aligned else ():
            if item.grade == "exact" and item.log10_p is not None:
                found.setdefault(item.test_id, []).append(item.log10_p)
    assert len(found) == 3
    assert_never_too_often({test_id: np.array(values) for test_id, values in found.items()})


@pytest.mark.parametrize("world", sorted(WORLDS.keys() - {"common_features"}))
def test_none_is_called_related(world: str) -> None:
    for seed in range(1000, 1003):
        a, b = (model(weights, CONFIG) for weights in WORLDS[world](seed))
        verdict = compare_checkpoints(a, b).verdict
        assert verdict.relation in ("independent", "inconclusive")
        assert (verdict.copied_share or 0.0) < 0.01
