"""The exact tests reject independent models no more often than their level says, however alike the models look."""

from __future__ import annotations

import pytest

from lineage_audit.comparison import compare_checkpoints
from tests.comparison.measuring import assert_never_too_often, log10_p_values
from tests.comparison.symmetry_worlds import SYMMETRIES
from tests.comparison.worlds import CONFIG, WORLDS
from tests.models import model

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


@pytest.mark.parametrize("world", WORLDS)
def test_independent_llamas(world: str) -> None:
    log10_p = log10_p_values(WORLDS[world], CONFIG)
    assert set(log10_p) == set(SYMMETRIES)
    assert_never_too_often(log10_p)


@pytest.mark.parametrize("world", sorted(WORLDS.keys() - {"common_features"}))
def test_none_is_called_related(world: str) -> None:
    for seed in range(1000, 1003):
        a, b = (model(weights, CONFIG) for weights in WORLDS[world](seed))
        verdict = compare_checkpoints(a, b).verdict
        assert verdict.relation in ("independent", "inconclusive")
        assert (verdict.copied_share or 0.0) < 0.01
