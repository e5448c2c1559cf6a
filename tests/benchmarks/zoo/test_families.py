from __future__ import annotations

import pytest
import torch

from benchmarks.zoo.families import restored, stored
from benchmarks.zoo.families.axes import Axis, axes_of, map_axis, reordered
from benchmarks.zoo.model import from_transformers, read_model, to_transformers, write_model
from tests.benchmarks.zoo.tiny import MODEL_TYPES, tiny


@pytest.mark.parametrize("model_type", MODEL_TYPES)
class TestConversion:
    def test_stored_and_restored_is_bit_exact(self, model_type):
        model = tiny(model_type)
        tensors = stored(model.weights, model.family, model.anatomy.head_dim)
        back = restored(tensors, model.config, model.family)
        assert back.keys() == model.weights.keys()
        assert all(torch.equal(back[name], tensor) for name, tensor in model.weights.items())

    def test_every_tensor_has_an_axis_for_each_dimension(self, model_type):
        for name, tensor in tiny(model_type).weights.items():
            assert len(axes_of(name)) == tensor.ndim, name

    def test_transformers_loads_what_is_written_and_gives_it_back(self, model_type):
        model = tiny(model_type)
        back = from_transformers(to_transformers(model), model.tokenizer, model.dtype)
        assert all(torch.equal(back.weights[name], tensor) for name, tensor in model.weights.items())
        assert back.anatomy == model.anatomy

    def test_written_in_its_dtype_and_read_again(self, model_type, tmp_path):
        model = tiny(model_type)
        write_model(tmp_path, model)
        back = read_model(tmp_path, model.tokenizer)
        dtype = getattr(torch, model.dtype)
        assert back.anatomy == model.anatomy
        assert all(torch.equal(back.weights[name], t.to(dtype).float()) for name, t in model.weights.items())


def test_a_head_by_head_fusion_is_stored_head_by_head():
    model = tiny("gpt_neox")
    head_dim = model.anatomy.head_dim
    fused = stored(model.weights, model.family, head_dim)["gpt_neox.layers.0.attention.query_key_value.weight"]
    assert torch.equal(fused[:head_dim], model.weights["layers.0.q.weight"][:head_dim])
    assert torch.equal(fused[head_dim : 2 * head_dim], model.weights["layers.0.k.weight"][:head_dim])


def test_an_axis_is_mapped_within_a_place_alone():
    weights = tiny("llama").weights
    order = torch.arange(48).flip(0)
    changed = map_axis(weights, Axis.UNIT, reordered(order), "layers.1.")
    moved = {name for name in weights if not torch.equal(changed[name], weights[name])}
    assert moved == {"layers.1.gate.weight", "layers.1.up.weight", "layers.1.down.weight"}
