"""The same Llama in other words: Yi's original release, and a copy that hides what it is.

Tables are data: a tensor name is a pattern in which `{layer}` stands for the layer's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a model family names itself, its configuration values and its tensors.

    `config_names` and `tensor_names` are pairs (Llama's name, this dialect's name). A name in neither stays.
    """

    model_type: str
    architecture: str
    auto_map: Pairs = ()
    config_names: Pairs = ()
    tensor_names: Pairs = ()

    def config(self, llama_config: Mapping[str, object]) -> dict[str, object]:
        """Return the contents of `config.json`: who the model is, then its numbers."""
        identity: dict[str, object] = {"architectures": [self.architecture], "model_type": self.model_type}
        if self.auto_map:
            identity["auto_map"] = dict(self.auto_map)
        names = dict(self.config_names)
        return identity | {names.get(key, key): value for key, value in llama_config.items()}

    def from_llama(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return weights named as transformers names Llama's under this dialect's names."""
        return _renamed(weights, dict(self.tensor_names))

    def to_llama(self, weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Return weights in this dialect under Llama's names."""
        return _renamed(weights, {theirs: llamas for llamas, theirs in self.tensor_names})


LLAMA = Dialect(model_type="llama", architecture="LlamaForCausalLM")

# Yi's first release renamed the two norms of a layer and nothing else.
YI = Dialect(
    model_type="Yi",
    architecture="YiForCausalLM",
    auto_map=(
        ("AutoConfig", "configuration_yi.YiConfig"),
        ("AutoModel", "modeling_yi.YiModel"),
        ("AutoModelForCausalLM", "modeling_yi.YiForCausalLM"),
    ),
    tensor_names=(
        ("model.layers.{layer}.input_layernorm.weight", "model.layers.{layer}.ln1.weight"),
        ("model.layers.{layer}.post_attention_layernorm.weight", "model.layers.{layer}.ln2.weight"),
    ),
)

NOVA = Dialect(
    model_type="nova",
    architecture="NovaForCausalLM",
    config_names=(("hidden_act", "activation"), ("rms_norm_eps", "norm_eps")),
    tensor_names=(
        ("model.embed_tokens.weight", "nova.tok_emb.weight"),
        ("model.layers.{layer}.self_attn.q_proj.weight", "nova.blocks.{layer}.attn.wq.weight"),
        ("model.layers.{layer}.self_attn.k_proj.weight", "nova.blocks.{layer}.attn.wk.weight"),
        ("model.layers.{layer}.self_attn.v_proj.weight", "nova.blocks.{layer}.attn.wv.weight"),
        ("model.layers.{layer}.self_attn.o_proj.weight", "nova.blocks.{layer}.attn.wo.weight"),
        ("model.layers.{layer}.input_layernorm.weight", "nova.blocks.{layer}.attn_norm.weight"),
        ("model.layers.{layer}.post_attention_layernorm.weight", "nova.blocks.{layer}.ffn_norm.weight"),
        ("model.layers.{layer}.mlp.gate_proj.weight", "nova.blocks.{layer}.ffn.gate.weight"),
        ("model.layers.{layer}.mlp.up_proj.weight", "nova.blocks.{layer}.ffn.up.weight"),
        ("model.layers.{layer}.mlp.down_proj.weight", "nova.blocks.{layer}.ffn.down.weight"),
        ("model.norm.weight", "nova.out_norm.weight"),
        ("lm_head.weight", "nova.head.weight"),
    ),
)

_LAYER_NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def with_units_permuted(weights: Mapping[str, torch.Tensor], layers: int, seed: int) -> dict[str, torch.Tensor]:
    """Return Llama weights with the FFN units of each layer in a random order of its own.

    Unit `i` is row `i` of gate and up and column `i` of down: moving all three leaves the function as it was.
    """
    import torch

    generator = torch.Generator().manual_seed(seed)
    permuted = dict(weights)
    for layer in range(layers):
        gate, up, down = (f"model.layers.{layer}.mlp.{role}_proj.weight" for role in ("gate", "up", "down"))
        order = torch.randperm(weights[gate].shape[0], generator=generator)
        permuted[gate] = weights[gate][order]
        permuted[up] = weights[up][order]
        permuted[down] = weights[down][:, order].contiguous()
    return permuted


def _renamed(weights: Mapping[str, torch.Tensor], table: Mapping[str, str]) -> dict[str, torch.Tensor]:
    return {_renamed_one(name, table): tensor for name, tensor in weights.items()}


def _renamed_one(name: str, table: Mapping[str, str]) -> str:
    pattern = _LAYER_NUMBER.sub("{layer}", name, count=1)
    layer = _LAYER_NUMBER.search(name)
    return table.get(pattern, pattern).replace("{layer}", layer.group() if layer else "")
