"""One number more in all channels is no difference where LayerNorm takes it out, and one where nothing does."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit import Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.models import Size, Weights, gpt2, gpt2_config, llama, llama_config, model, noisy

SIZE = Size(layers=3, hidden=64, heads=4, kv_heads=4, ffn=128, vocab=128)


def _shifted(weights: Weights, size: float) -> Weights:
    """In GPT-2's own layout ``[in, out]``: each input adds one number to all channels."""
    rng = np.random.default_rng(5)
    return {
        name: values + (size * values.std() * rng.standard_normal((len(values), 1))).astype(np.float32)
        if name.endswith("c_proj.weight")
        else values
        for name, values in weights.items()
    }


def _verdict(a: Weights, b: Weights) -> Verdict:
    return compare_checkpoints(model(a, gpt2_config(SIZE)), model(b, gpt2_config(SIZE)), effort="full").verdict


@pytest.mark.parametrize("size", [1.0, 10.0])
def test_what_layer_norm_takes_out_lowers_no_share(size: float) -> None:
    parent = gpt2(1, SIZE)
    verdict = _verdict(parent, _shifted(parent, size))
    assert [operation.kind for operation in verdict.operations] == ["stream-shifted"]
    assert verdict.explained_variance == pytest.approx(1.0, abs=1e-4)
    assert verdict.derived_share == pytest.approx(1.0, abs=1e-3)


def test_a_fine_tune_that_was_shifted_is_as_far_as_the_fine_tune() -> None:
    parent, child = gpt2(1, SIZE), noisy(gpt2(1, SIZE), 2, 0.3)
    plain, shifted = _verdict(parent, child), _verdict(parent, _shifted(child, 5.0))
    assert shifted.explained_variance == pytest.approx(plain.explained_variance, abs=0.01)


def test_strangers_stay_strangers() -> None:
    a, b = _shifted(gpt2(1, SIZE), 5.0), _shifted(gpt2(2, SIZE), 5.0)
    assert _verdict(a, b).relation in ("independent", "inconclusive")


def test_where_no_mean_is_taken_away_it_is_a_difference() -> None:
    parent = llama(1, SIZE)
    rng = np.random.default_rng(5)
    child = {
        name: values + (3 * values.std() * rng.standard_normal(values.shape[1])).astype(np.float32)
        if name.endswith(("o_proj.weight", "down_proj.weight"))
        else values
        for name, values in parent.items()
    }
    config = llama_config(SIZE)
    verdict = compare_checkpoints(model(parent, config), model(child, config), effort="full").verdict
    assert (verdict.explained_variance or 1.0) < 0.9
