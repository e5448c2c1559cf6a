from __future__ import annotations

import pytest
import torch

from benchmarks.training.distillation import distillation_loss
from benchmarks.training.loop import Schedule, next_token_loss, train
from benchmarks.training.lora import Lora, attach, merge
from benchmarks.zoo.model import from_transformers, to_transformers
from tests.benchmarks.zoo.tiny import VOCABULARY, tiny

SCHEDULE = Schedule(steps=6, peak_learning_rate=0.01, data_seed=1, warmup_steps=1, sequences=2, context=16)


def _tokens():
    return torch.randint(VOCABULARY, (500,), generator=torch.Generator().manual_seed(0)).numpy()


@pytest.mark.parametrize(("model_type", "modules"), [("llama", ("q_proj", "v_proj")), ("gpt2", ("c_attn",))])
def test_a_merged_adapter_is_a_delta_of_its_rank_in_its_modules(model_type, modules):
    before = tiny(model_type)
    loaded, lora = to_transformers(before), Lora(3, modules)
    attach(loaded, lora, seed=5)
    train(loaded, _tokens(), SCHEDULE)
    merge(loaded, lora)
    after = from_transformers(loaded, before.tokenizer, "float32")
    assert after.weights.keys() == before.weights.keys()
    moved = {name for name in before.weights if not torch.equal(after.weights[name], before.weights[name])}
    roles = ("q", "v") if model_type == "llama" else ("q", "k", "v")
    assert moved == {f"layers.{layer}.{role}.weight" for layer in range(4) for role in roles}
    delta = after.weights["layers.1.q.weight"] - before.weights["layers.1.q.weight"]
    assert int(torch.linalg.matrix_rank(delta, rtol=1e-3)) == 3


def test_unknown_modules_are_refused():
    with pytest.raises(ValueError, match="none of the modules"):
        attach(to_transformers(tiny("llama")), Lora(2, ("c_attn",)), seed=0)


def test_training_twice_from_the_same_seeds_gives_the_same_bits():
    ends = []
    for _ in range(2):
        loaded = to_transformers(tiny("mixtral"))
        train(loaded, _tokens(), SCHEDULE)
        ends.append(from_transformers(loaded, "t", "float32").weights)
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_a_model_has_nothing_to_learn_from_itself_and_much_from_another():
    batch = torch.randint(VOCABULARY, (2, 16), generator=torch.Generator().manual_seed(0))
    student = to_transformers(tiny("llama"))
    itself, another = (distillation_loss(to_transformers(tiny("llama", seed))) for seed in (0, 9))
    with torch.no_grad():
        assert float(itself(student, batch)) == pytest.approx(0.0, abs=1e-5)
        assert float(another(student, batch)) > 0.1
        assert float(next_token_loss(student, batch)) > 0.1
