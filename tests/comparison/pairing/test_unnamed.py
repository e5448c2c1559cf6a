"""Weights hidden under names that say nothing are found, whichever model holds them; unrelated ones clear nobody."""

from __future__ import annotations

from lineage_audit.comparison import compare_checkpoints
from tests.models import WIDE, Weights, llama, llama_config, model

CONFIG = llama_config(WIDE, head_dim=WIDE.head_dim)


def _beside(shown: Weights, hidden: Weights) -> Weights:
    """The shown weights under the usual names, the others under numbers."""
    return {**shown, **{f"t{number}": values for number, values in enumerate(hidden.values())}}


def test_a_copy_behind_a_decoy_is_found_on_either_side() -> None:
    base, decoy = model(llama(1, WIDE), CONFIG), model(_beside(llama(2, WIDE), llama(1, WIDE)), CONFIG)
    for verdict in (compare_checkpoints(base, decoy).verdict, compare_checkpoints(decoy, base).verdict):
        assert verdict.relation == "derived"
        assert verdict.grade == "calibrated"


def test_the_share_says_that_half_of_the_model_is_something_else() -> None:
    decoy = model(_beside(llama(2, WIDE), llama(1, WIDE)), CONFIG)
    verdict = compare_checkpoints(model(llama(1, WIDE), CONFIG), decoy).verdict
    assert verdict.derived_share is not None
    assert 0.3 < verdict.derived_share < 0.55
    assert "can be traced" in verdict.summary


def test_unrelated_weights_under_such_names_leave_it_open() -> None:
    both = model(_beside(llama(2, WIDE), llama(3, WIDE)), CONFIG)
    verdict = compare_checkpoints(model(llama(1, WIDE), CONFIG), both).verdict
    assert verdict.relation == "inconclusive"
    assert "names that say nothing" in verdict.summary


def test_a_few_planted_weights_are_a_small_share() -> None:
    base, other = llama(1, WIDE), llama(2, WIDE)
    planted = {name.replace("layers.0", "layers.7"): values for name, values in base.items() if "layers.0.mlp" in name}
    verdict = compare_checkpoints(model(base, CONFIG), model({**other, **planted}, CONFIG)).verdict
    assert verdict.relation == "derived"
    share = sum(values.size for values in planted.values()) / sum(v.size for v in [*other.values(), *planted.values()])
    assert verdict.derived_share is not None
    assert verdict.derived_share < 1.5 * share
