from __future__ import annotations

import pytest

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.composed.composing import compose
from lineage_audit.comparison import compare_checkpoints
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates, merged

HALF = {name: models.bfloat16(values) for name, values in models.llama(1, models.WIDE).items()}
CONFIG = models.llama_config(models.WIDE)
UPDATES = llama_updates(1, models.WIDE)


def _composed(updates: dict[str, tuple[models.Array, models.Array]] = UPDATES, dtype: str = "BF16") -> Checkpoint:
    return compose(models.model(HALF, CONFIG, dtype), models.checkpoint(adapter(updates), "here/the-adapter"))


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_merged_in_any_type_it_is_base_plus_adapter(dtype: str) -> None:
    """A base of bfloat16 is often loaded in another type before an adapter is merged into it."""
    whole = models.model(merged(HALF, UPDATES), CONFIG, dtype)
    for pair in ((_composed(), whole), (whole, _composed())):
        verdict = compare_checkpoints(*pair).verdict
        assert verdict.relation == "identical"
        assert "the-adapter" in verdict.summary
        assert not verdict.operations


def test_another_adapter_of_the_same_size_is_not_it() -> None:
    verdict = compare_checkpoints(
        _composed(llama_updates(2, models.WIDE)), models.model(merged(HALF, UPDATES), CONFIG)
    ).verdict
    assert verdict.relation == "derived"


@pytest.mark.parametrize("size", [0.003, 0.02])
def test_a_little_training_on_top_is_not_rounding(size: float) -> None:
    further = models.noisy(merged(HALF, UPDATES), 3, size)
    verdict = compare_checkpoints(_composed(), models.model(further, CONFIG, "BF16")).verdict
    assert verdict.relation == "derived"


def test_a_sample_says_how_far_it_saw() -> None:
    wide = models.model({**merged(HALF, UPDATES)}, CONFIG, "F32")
    verdict = compare_checkpoints(_composed(), wide, "sample").verdict
    assert verdict.relation in ("identical", "derived")
    assert "within rounding" in verdict.summary


def test_a_model_that_holds_less_is_not_identical() -> None:
    part = {name: values for name, values in merged(HALF, UPDATES).items() if name != "lm_head.weight"}
    verdict = compare_checkpoints(_composed(), models.model(part, CONFIG, "F32")).verdict
    assert verdict.relation == "derived"
