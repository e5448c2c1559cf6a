from __future__ import annotations

import pytest
import torch

from benchmarks.zoo.disguises.registry import DISGUISES, disguise, in_dialect
from benchmarks.zoo.disguises.verification import check_same_function
from benchmarks.zoo.families import stored
from tests.benchmarks.zoo.tiny import GATED, MODEL_TYPES, SANDWICHED, tiny

RMS_ONLY = {"signs", "channel-signs", "folded", "rotated", "hidden-permuted", "hidden-rotated"}
GATED_ONLY = {"rescaled", "unit-signs"}
SEED = 7


def _allowed(name: str) -> tuple[str, ...]:
    if name == "experts":
        return ("mixtral",)
    return GATED if name in RMS_ONLY | GATED_ONLY else MODEL_TYPES


CASES = [(name, model_type) for name in DISGUISES for model_type in _allowed(name) if DISGUISES[name].steps]


@pytest.mark.parametrize(("name", "model_type"), CASES)
def test_the_function_stays_and_the_weights_move(name, model_type):
    model = tiny(model_type)
    disguised = disguise(model, name, SEED)
    assert check_same_function(model, disguised) < 1e-4
    assert any(not torch.equal(disguised.weights[tensor], model.weights[tensor]) for tensor in model.weights)


@pytest.mark.parametrize("model_type", ["gpt2", "gpt_neox"])
@pytest.mark.parametrize("name", sorted(RMS_ONLY | GATED_ONLY))
def test_what_would_change_the_function_is_refused(name, model_type):
    with pytest.raises(ValueError, match="choose another disguise"):
        disguise(tiny(model_type), name, SEED)


@pytest.mark.parametrize("model_type", SANDWICHED)
@pytest.mark.parametrize("name", ["signs", "unit-signs", "folded", "hidden-permuted"])
def test_norms_behind_the_blocks_are_carried_along(name, model_type):
    model = tiny(model_type)
    assert check_same_function(model, disguise(model, name, SEED)) < 1e-4


@pytest.mark.parametrize("model_type", SANDWICHED)
def test_a_stream_behind_norms_is_not_rotated(model_type):
    for name in ("rotated", "hidden-rotated"):
        with pytest.raises(ValueError, match="choose another disguise"):
            disguise(tiny(model_type), name, SEED)


@pytest.mark.parametrize("model_type", GATED)
def test_all_together_leave_no_tensor_in_its_place(model_type):
    model = tiny(model_type)
    for name in ("hidden-permuted", "hidden-rotated"):
        disguised = disguise(model, name, SEED).weights
        assert not any(torch.equal(disguised[tensor], model.weights[tensor]) for tensor in model.weights)


@pytest.mark.parametrize("model_type", GATED)
def test_folded_gains_act_as_one(model_type):
    folded = disguise(tiny(model_type), "folded", SEED)
    gains = [folded.weights[name] + folded.anatomy.norm_offset for name in folded.weights if "norm" in name]
    assert len(gains) == 2 * folded.anatomy.layers + 1
    assert all(torch.equal(gain, torch.ones_like(gain)) for gain in gains)


def test_a_tied_head_becomes_a_tensor_of_its_own_when_norms_are_folded():
    model, folded = tiny("qwen2"), disguise(tiny("qwen2"), "folded", SEED)
    assert "head.weight" not in model.weights
    assert "head.weight" in folded.weights
    assert (model.config["tie_word_embeddings"], folded.config["tie_word_embeddings"]) == (True, False)


def test_a_change_that_does_change_the_function_is_caught():
    model = tiny("llama")
    with pytest.raises(ValueError, match="logits differ"):
        check_same_function(
            model, model.with_weights({**model.weights, "layers.0.up.weight": model.weights["layers.0.gate.weight"]})
        )


def test_a_fused_llama_is_a_phi3():
    model = tiny("llama")
    fused = in_dialect(model, "fused")
    assert fused.config["model_type"] == "phi3"
    assert check_same_function(model, fused) < 1e-6


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_renaming_changes_every_name_and_no_value(model_type):
    model = tiny(model_type)
    renamed = in_dialect(model, "renamed")
    before, after = (stored(m.weights, m.family, m.anatomy.head_dim) for m in (model, renamed))
    assert not before.keys() & after.keys()
    assert all(name.startswith("nova.") for name in after)
    assert all(torch.equal(old, new) for old, new in zip(before.values(), after.values(), strict=True))
