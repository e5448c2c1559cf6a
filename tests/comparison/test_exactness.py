"""The exact tests reject independent models no more often than their level says, however alike the models look."""

from __future__ import annotations

import pytest

from lineage_audit.comparison import compare_checkpoints
from tests.comparison.measuring import assert_never_too_often, log10_p_values
from tests.comparison.symmetries import SYMMETRIES
from tests.comparison.worlds import WORLDS
from tests.models import bert, bert_config, gpt2, gpt2_config, model

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.mark.parametrize("world", WORLDS)
def test_independent_llamas(world: str) -> None:
    log10_p = log10_p_values(WORLDS[world])
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


@pytest.mark.parametrize("world", WORLDS)
def test_none_is_called_related(world: str) -> None:
    for seed in range(1000, 1010):
        a, b = (model(weights) for weights in WORLDS[world](seed))
        verdict = compare_checkpoints(a, b).verdict
        assert verdict.relation in ("independent", "inconclusive")
        assert (verdict.copied_share or 0.0) < 0.01
