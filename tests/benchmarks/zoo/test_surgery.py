from __future__ import annotations

import math
from typing import ClassVar

import pytest
import torch

from benchmarks.zoo.families import family_of
from benchmarks.zoo.model import logits
from benchmarks.zoo.surgery import layers, merging, perturbation, rounding, upcycling, vocabulary
from benchmarks.zoo.surgery.width import Kept, pruned
from tests.benchmarks.zoo.tiny import VOCABULARY, tiny

IDS = torch.arange(16).reshape(1, -1)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def _loads(model) -> bool:
    return bool(torch.isfinite(logits(model, IDS % VOCABULARY)).all())


class TestLayers:
    def test_plans(self):
        assert layers.without_middle(5) == [0, 1, 3, 4]
        assert layers.without_last_two(6) == [0, 1, 2, 5]
        assert layers.up_scaled(4) == [0, 1, 2, 1, 2, 3]
        assert layers.middle_doubled(4) == [0, 1, 1, 2, 2, 3]

    @pytest.mark.parametrize("model_type", ["llama", "gpt2", "mixtral"])
    def test_up_scaled_layers_come_from_the_plan_and_run(self, model_type):
        model = tiny(model_type)
        scaled = model.with_weights(layers.with_layers(model.weights, layers.up_scaled))
        assert scaled.anatomy.layers == 6
        assert torch.equal(scaled.weights["layers.3.q.weight"], model.weights["layers.1.q.weight"])
        assert _loads(scaled)

    def test_stacked_takes_lower_layers_from_one_and_upper_from_the_other(self):
        first, second = tiny("llama"), tiny("llama", 9)
        stacked = layers.stacked(first.weights, second.weights, 0.5)
        for name, donor in {"embed.weight": first, "layers.1.v.weight": first}.items():
            assert torch.equal(stacked[name], donor.weights[name])
        for name in ("layers.2.v.weight", "final_norm.weight", "head.weight"):
            assert torch.equal(stacked[name], second.weights[name])

    def test_grafts_take_just_the_part(self):
        donor, host = tiny("gpt2").weights, tiny("gpt2", 9).weights
        ffns = layers.with_ffns_of(donor, host)
        two = layers.with_layers_of(donor, host, (1, 2))
        assert {name for name in host if torch.equal(ffns[name], donor[name])} == {
            name for name in host if ".up." in name or ".down." in name
        }
        assert {name for name in host if torch.equal(two[name], donor[name])} == {
            name for name in host if name.startswith(("layers.1.", "layers.2."))
        }


class TestWidth:
    @pytest.mark.parametrize("model_type", ["llama", "mistral", "gemma", "qwen2"])
    def test_pruned_model_runs_and_keeps_its_order(self, model_type):
        model = tiny(model_type)
        small = model.with_weights(pruned(model.weights, model.anatomy, Kept(0.75, 0.5, 0.5)))
        assert len(small.weights["final_norm.weight"]) == 24
        assert len(small.weights["layers.0.up.weight"]) == 24
        assert small.anatomy.kv_heads == model.anatomy.kv_heads // 2
        assert small.anatomy.head_dim == model.anatomy.head_dim
        gains = model.weights["final_norm.weight"].tolist()
        places = [gains.index(gain) for gain in small.weights["final_norm.weight"].tolist()]
        assert places == sorted(places)
        assert _loads(small)


class TestMerging:
    BASE = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    FIRST = torch.tensor([[1.4, 2.1, 3.0, 3.6]])
    SECOND = torch.tensor([[1.2, 2.0, 2.9, 4.8]])

    def _merge(self, name, shares=(0.5, 0.5)):
        return merging.METHODS[name](self.BASE, [self.FIRST, self.SECOND], shares, _generator())

    def test_linear_is_the_weighted_mean(self):
        assert torch.allclose(self._merge("linear", (0.75, 0.25)), torch.tensor([[1.35, 2.075, 2.975, 3.9]]))

    def test_slerp_stays_on_the_great_circle(self):
        first, second = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
        merged = merging.slerp(first, [first, second], (0.5, 0.5), _generator())
        assert merged.tolist() == pytest.approx([math.sqrt(0.5)] * 2)

    def test_ties_drops_the_smaller_half_and_the_outvoted_sign(self):
        # Deltas (.4, .1, 0, -.4) and (.2, 0, -.1, .8): their larger halves are (.4, -, -, -.4) and (.2, -, -, .8).
        assert torch.allclose(self._merge("ties"), torch.tensor([[1.3, 2.0, 3.0, 4.8]]))

    def test_dare_keeps_the_delta_in_the_mean(self):
        base, model = torch.zeros(400, 400), torch.ones(400, 400)
        merged = merging.dare(base, [model, model], (0.5, 0.5), _generator())
        assert set(merged.unique().tolist()) == {0.0, 1.0, 2.0}
        assert float(merged.mean()) == pytest.approx(1.0, abs=0.02)


class TestVocabulary:
    def test_extended_keeps_every_old_row(self):
        model = tiny("qwen2")
        longer = model.with_weights(vocabulary.extended(model.weights, 5, _generator()))
        assert longer.config["vocab_size"] == VOCABULARY + 5
        assert torch.equal(longer.weights["embed.weight"][:VOCABULARY], model.weights["embed.weight"])
        assert _loads(longer)

    def test_replaced_carries_shared_tokens_to_their_new_ids(self):
        weights = tiny("llama").weights
        new = vocabulary.replaced(weights, {"a": 0, "b": 1, "c": 2}, {"c": 0, "z": 1, "a": 2}, _generator())
        for role in ("embed.weight", "head.weight"):
            assert torch.equal(new[role][0], weights[role][2])
            assert torch.equal(new[role][2], weights[role][0])
            assert not torch.equal(new[role][1], weights[role][1])


class TestUpcycling:
    FIELDS: ClassVar = {"num_experts_per_tok": 2, "norm_topk_prob": False}

    def test_experts_are_noisy_copies(self):
        model = tiny("mistral")
        weights = upcycling.sparse_upcycled(model.weights, model.anatomy, _generator())
        mixture = model.with_weights(weights, family_of("mixtral"), **self.FIELDS)
        dense = model.weights["layers.0.up.weight"].flatten()
        cosine = torch.cosine_similarity(weights["layers.0.experts.3.up.weight"].flatten(), dense, dim=0)
        assert 0.98 < float(cosine) < 1
        assert mixture.config["num_local_experts"] == upcycling.EXPERTS
        assert _loads(mixture)

    def test_fine_experts_hold_part_of_the_units_and_the_shared_one_all(self):
        model = tiny("qwen2")
        weights = upcycling.finely_upcycled(model.weights, model.anatomy, _generator())
        mixture = model.with_weights(weights, family_of("qwen2_moe"), **self.FIELDS)
        dense, expert = model.weights["layers.0.gate.weight"], weights["layers.0.experts.0.gate.weight"]
        copied = [bool((dense == row).all(dim=1).any()) for row in expert]
        assert copied == [True] * 18 + [False] * 6
        assert torch.equal(weights["layers.0.shared.gate.weight"], dense)
        assert mixture.config["num_experts"] == upcycling.FINE_EXPERTS
        assert _loads(mixture)


class TestPerturbation:
    def test_an_ablated_direction_is_gone_from_all_that_writes(self):
        weights = tiny("gpt2").weights
        changed = perturbation.ablated(weights, _generator())
        lost = (weights["layers.0.down.weight"] - changed["layers.0.down.weight"]).T
        direction = torch.linalg.svd(lost).Vh[0]
        assert int(torch.linalg.matrix_rank(lost, rtol=1e-4)) == 1
        for name in ("embed.weight", "positions.weight", "layers.2.o.bias"):
            assert float((changed[name] @ direction).abs().max()) < 1e-5
        assert torch.equal(changed["layers.0.up.weight"], weights["layers.0.up.weight"])

    def test_noise_has_its_level(self):
        weights = tiny("llama").weights
        changed = perturbation.with_noise(weights, 0.1, _generator())
        name = "layers.0.up.weight"
        assert float((changed[name] - weights[name]).std() / weights[name].std()) == pytest.approx(0.1, rel=0.1)
        assert torch.equal(changed["final_norm.weight"], weights["final_norm.weight"])

    def test_quantised_matrices_have_few_values_a_group(self):
        weights = tiny("llama").weights
        changed = rounding.quantized(weights, 4, 16)
        group = changed["layers.0.q.weight"][0, :16]
        step = float(group.abs().max()) / 7
        assert torch.allclose(group / step, (group / step).round(), atol=1e-4)
        assert (
            float((changed["layers.0.q.weight"] - weights["layers.0.q.weight"])[0, :16].abs().max()) <= step / 2 + 1e-6
        )
        assert torch.equal(changed["embed.weight"], weights["embed.weight"])
