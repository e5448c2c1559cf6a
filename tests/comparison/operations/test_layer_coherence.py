"""Layers that were trained together favour the same channels; the model whose layers do not was put together later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.operations import layer_coherence
from lineage_audit.comparison.operations.layer_coherence import are_stray, coherence
from lineage_audit.comparison.verdict.thresholds import LAYER_COHERENCE
from tests.comparison.measuring import comparison_by_numbers
from tests.models import WIDE, Weights, llama, llama_config, model

SIX = replace(WIDE, layers=6)
CONFIG = llama_config(SIX)


def _trained(seed: int, agreement: float = 0.6) -> Weights:
    """A model whose layers weigh channels partly alike, each in its own way beside."""
    rng = np.random.default_rng([seed, 7])
    common = rng.standard_normal(SIX.hidden)
    weights = dict(llama(seed, SIX))
    for layer in range(SIX.layers):
        own = rng.standard_normal(SIX.hidden)
        scale = np.exp(0.3 * (agreement * common + (1 - agreement**2) ** 0.5 * own)).astype(np.float32)
        for name in [name for name in weights if f".layers.{layer}." in name and "norm" not in name]:
            writes = "o_proj" in name or "down_proj" in name
            weights[name] = weights[name] * (scale[:, None] if writes else scale)
    return weights


def _cut_open(first: Weights, second: Weights, cut: int) -> Weights:
    """The second model's layers from ``cut`` on, in the first model."""
    return {
        name: second[name] if any(f".layers.{layer}." in name for layer in range(cut, SIX.layers)) else values
        for name, values in first.items()
    }


def _z(weights: Weights, layers: set[int]) -> float:
    parts = comparison_by_numbers(model(weights, CONFIG), model(weights, CONFIG)).matrices()
    both = [coherence(parts, layers, side) for side in ("a", "b")]
    assert both[0] is not None
    assert both[0] == both[1]
    return both[0]


def test_layers_of_one_training_agree_and_those_of_two_do_not() -> None:
    whole = [_z(_trained(seed), {3, 4, 5}) for seed in range(5)]
    cut = [_z(_cut_open(_trained(seed), _trained(seed + 50), 3), {3, 4, 5}) for seed in range(30)]
    assert min(whole) > LAYER_COHERENCE.coherent
    assert float(np.std(cut)) < 1.3
    assert float(np.mean(np.abs(cut) > LAYER_COHERENCE.incoherent)) < 0.15


def test_the_model_that_was_cut_open_came_later_whichever_is_given_first() -> None:
    parent = _trained(1)
    child = _cut_open(parent, _trained(2), 4)
    for a, b, direction in ((parent, child, "a->b"), (child, parent, "b->a")):
        verdict = compare_checkpoints(model(a, CONFIG), model(b, CONFIG)).verdict
        (operation,) = [item for item in verdict.operations if item.kind == "layers-replaced"]
        assert verdict.direction == direction
        assert "z = " in operation.evidence


def test_models_whose_layers_never_agreed_show_no_direction() -> None:
    parent = llama(3, SIX)
    verdict = compare_checkpoints(model(parent, CONFIG), model(_cut_open(parent, llama(4, SIX), 4), CONFIG)).verdict
    assert "layers-replaced" in {item.kind for item in verdict.operations}
    assert verdict.direction == "undetermined"


def test_two_models_cut_open_alike_show_no_direction() -> None:
    parent = _trained(5)
    one, other = (_cut_open(parent, _trained(seed), 3) for seed in (6, 7))
    verdict = compare_checkpoints(model(one, CONFIG), model(other, CONFIG)).verdict
    assert verdict.direction == "undetermined"


def test_what_is_read_of_a_large_model_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    most = 6 * 5 * 4 * SIX.hidden  # four rows of five matrices in six layers
    monkeypatch.setattr(layer_coherence, "_MOST_ELEMENTS", most)
    opened = model(_trained(1), CONFIG)
    before = opened.source.bytes_read
    assert are_stray(opened, {2, 3}) is None
    assert 0 < opened.source.bytes_read - before <= 4 * most
