"""Split gates, ups, downs and experts compute what the model's own module computes; so does latent attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.tensors import TensorRef
from tests.checkpoint.names.stored import Array, all_stored, by_role, config_of, read, unread_rows

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

_SIZES = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "pad_token_id": 0,
}


class Layer:
    """The one layer of a small random model, and its references by role."""

    def __init__(self, model_type: str, **config: object) -> None:
        torch.manual_seed(5)
        settings = transformers.AutoConfig.for_model(model_type, **{**_SIZES, **config})
        self.model = transformers.AutoModelForCausalLM.from_config(
            settings, dtype=torch.float64, experts_implementation="eager"
        ).eval()
        for parameter in self.model.parameters():
            torch.nn.init.normal_(parameter)
        self.arrays = {name: p.detach().numpy() for name, p in self.model.named_parameters()}
        shapes = {name: array.shape for name, array in self.arrays.items()}
        refs = map_names(all_stored(shapes), config_of(**self.model.config.to_dict()))
        self.refs: list[TensorRef] = [ref for ref in refs if ref.layer == 0]
        self.weights, self.biases = by_role(self.refs), by_role(self.refs, "bias")

    def weight(self, role: str) -> Any:
        return torch.from_numpy(read(self.weights[role], self.arrays))

    def bias(self, role: str) -> Any:
        return torch.from_numpy(read(self.biases[role], self.arrays))


def _silu_ffn(layer: Layer, expert: str, x: Any) -> Any:
    gate, up, down = (layer.weight(f"{role}{expert}") for role in ("gate", "up", "down"))
    return (torch.nn.functional.silu(x @ gate.T) * (x @ up.T)) @ down.T


def _gpt_oss_ffn(layer: Layer, expert: str, x: Any) -> Any:
    gate, up, down = (layer.weight(f"{role}{expert}") for role in ("gate", "up", "down"))
    gate = (x @ gate.T + layer.bias(f"gate{expert}")).clamp(max=7.0)
    up = (x @ up.T + layer.bias(f"up{expert}")).clamp(-7.0, 7.0)
    return ((up + 1) * gate * torch.sigmoid(1.702 * gate)) @ down.T + layer.bias(f"down{expert}")


@pytest.mark.parametrize(("model_type", "config"), [("phi3", {}), ("glm", {}), ("glm4", {})])
def test_fused_gate_and_up_compute_what_the_mlp_computes(model_type: str, config: dict[str, object]) -> None:
    layer = Layer(model_type, **config)
    x = torch.randn(7, 16, dtype=torch.float64)
    with torch.no_grad():
        expected = layer.model.model.layers[0].mlp(x)
    torch.testing.assert_close(_silu_ffn(layer, "", x), expected)
    assert unread_rows(layer.refs) == []


_MIXTURES: list[tuple[str, str, dict[str, object], Callable[[Layer, str, Any], Any]]] = [
    ("mixtral", "mlp.experts", {"num_local_experts": 3}, _silu_ffn),
    ("mixtral", "mlp.experts", {"num_local_experts": 3, "intermediate_size": 8}, _silu_ffn),
    ("qwen3_moe", "mlp.experts", {"num_experts": 3, "moe_intermediate_size": 6}, _silu_ffn),
    ("granitemoe", "block_sparse_moe.experts", {"num_local_experts": 3}, _silu_ffn),
    ("gpt_oss", "mlp.experts", {"num_local_experts": 3}, _gpt_oss_ffn),
    ("gpt_oss", "mlp.experts", {"num_local_experts": 3, "intermediate_size": 16}, _gpt_oss_ffn),
    ("gpt_oss", "mlp.experts", {"num_local_experts": 3, "intermediate_size": 8}, _gpt_oss_ffn),
]


@pytest.mark.parametrize(("model_type", "module", "config", "ffn"), _MIXTURES)
def test_each_expert_of_a_stack_computes_what_the_module_computes(
    model_type: str, module: str, config: dict[str, object], ffn: Callable[[Layer, str, Any], Any]
) -> None:
    layer = Layer(model_type, **config)
    experts = layer.model.get_submodule(f"model.layers.0.{module}")
    x = torch.randn(5, 16, dtype=torch.float64)
    for expert in range(3):
        chosen, certain = torch.full((5, 1), expert), torch.ones(5, 1, dtype=torch.float64)
        with torch.no_grad():
            expected = experts(x, chosen, certain)
        torch.testing.assert_close(ffn(layer, f".{expert}", x), expected)
    assert unread_rows(layer.refs) == []


@pytest.mark.parametrize("units", [12, 16, 8])
def test_llama_4_experts_are_stored_transposed(units: int) -> None:
    layer = Layer(
        "llama4_text",
        intermediate_size=units,
        intermediate_size_mlp=20,
        num_local_experts=3,
        interleave_moe_layer_step=1,
    )
    experts = layer.model.get_submodule("model.layers.0.feed_forward.experts")
    x = torch.randn(3, 5, 16, dtype=torch.float64)
    with torch.no_grad():
        expected = experts(x.reshape(15, 16)).reshape(3, 5, 16)
    for expert in range(3):
        torch.testing.assert_close(_silu_ffn(layer, f".{expert}", x[expert]), expected[expert])


def test_dbrx_experts_stand_one_under_the_other() -> None:
    from transformers.models.dbrx.configuration_dbrx import DbrxFFNConfig
    from transformers.models.dbrx.modeling_dbrx import DbrxExperts

    ffn = DbrxFFNConfig(hidden_size=16, ffn_hidden_size=12, moe_num_experts=3)
    torch.manual_seed(5)
    experts = DbrxExperts(ffn).double()
    arrays: dict[str, Array] = {}
    for name, parameter in experts.named_parameters():
        torch.nn.init.normal_(parameter)
        arrays[f"transformer.blocks.0.ffn.experts.{name}"] = parameter.detach().numpy()
    arrays["transformer.blocks.0.ffn.router.layer.weight"] = np.zeros((3, 16))
    refs = map_names(all_stored({n: a.shape for n, a in arrays.items()}), config_of(model_type="dbrx", d_model=16))
    weights = by_role(refs)
    x = torch.randn(5, 16, dtype=torch.float64)
    for expert in range(3):
        gate, up, down = (
            torch.from_numpy(read(weights[f"{role}.{expert}"], arrays)) for role in ("gate", "up", "down")
        )
        chosen, certain = torch.full((5, 1), expert), torch.ones(5, 1, dtype=torch.float64)
        with torch.no_grad():
            expected = experts(x[:, None], chosen, certain)[:, 0]
        torch.testing.assert_close((torch.nn.functional.silu(x @ gate.T) * (x @ up.T)) @ down.T, expected)


@pytest.mark.parametrize("model_type", ["deepseek_v2", "deepseek_v3"])
def test_latent_attention_splits_into_keys_values_and_the_rotary_key(model_type: str) -> None:
    layer = Layer(
        model_type,
        kv_lora_rank=10,
        q_lora_rank=6,
        qk_nope_head_dim=5,
        qk_rope_head_dim=4,
        v_head_dim=3,
        n_routed_experts=4,
        num_experts_per_tok=2,
        n_group=1,
        topk_group=1,
        head_dim=4,
        first_k_dense_replace=1,
        num_key_value_heads=4,
    )
    attention = layer.model.get_submodule("model.layers.0.self_attn")
    with torch.no_grad():
        keys, values = attention.expand_kv(torch.eye(10).double()[:, None, None], torch.zeros(10, 1, 1, 4))
        latent = attention.kv_a_proj_with_mqa(torch.eye(16).double()).T
    torch.testing.assert_close(layer.weight("k_b"), keys[:, :, 0, :5].reshape(10, -1).T)
    torch.testing.assert_close(layer.weight("v_b"), values[:, :, 0].reshape(10, -1).T)
    torch.testing.assert_close(layer.weight("kv_a"), latent[:10])
    torch.testing.assert_close(layer.weight("k_rope"), latent[10:])
    assert unread_rows(layer.refs) == []
