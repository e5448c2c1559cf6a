"""The same weights under other names, or several of them in one tensor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.zoo.families.family import Family, Names
from benchmarks.zoo.families.fusion import GATE_UP, QKV_BLOCKS
from benchmarks.zoo.families.table import family_of
from benchmarks.zoo.model import Model

Dialect = Callable[[Model], Model]

NOVA: Names = (
    ("embed", "nova.tok_emb"),
    ("positions", "nova.pos_emb"),
    ("final_norm", "nova.out_norm"),
    ("head", "nova.head"),
    ("layers.{L}.attn_norm", "nova.blocks.{L}.attn_norm"),
    ("layers.{L}.attn_post_norm", "nova.blocks.{L}.attn_post_norm"),
    ("layers.{L}.q_norm", "nova.blocks.{L}.attn.q_norm"),
    ("layers.{L}.k_norm", "nova.blocks.{L}.attn.k_norm"),
    ("layers.{L}.q", "nova.blocks.{L}.attn.wq"),
    ("layers.{L}.k", "nova.blocks.{L}.attn.wk"),
    ("layers.{L}.v", "nova.blocks.{L}.attn.wv"),
    ("layers.{L}.qkv", "nova.blocks.{L}.attn.wqkv"),
    ("layers.{L}.o", "nova.blocks.{L}.attn.wo"),
    ("layers.{L}.ffn_norm", "nova.blocks.{L}.ffn_norm"),
    ("layers.{L}.ffn_post_norm", "nova.blocks.{L}.ffn_post_norm"),
    ("layers.{L}.gate", "nova.blocks.{L}.ffn.gate"),
    ("layers.{L}.up", "nova.blocks.{L}.ffn.up"),
    ("layers.{L}.gate_up", "nova.blocks.{L}.ffn.gate_up"),
    ("layers.{L}.down", "nova.blocks.{L}.ffn.down"),
    ("layers.{L}.router", "nova.blocks.{L}.moe.router"),
    ("layers.{L}.experts.{E}.gate", "nova.blocks.{L}.moe.experts.{E}.gate"),
    ("layers.{L}.experts.{E}.up", "nova.blocks.{L}.moe.experts.{E}.up"),
    ("layers.{L}.experts.{E}.gate_up", "nova.blocks.{L}.moe.experts.{E}.gate_up"),
    ("layers.{L}.experts.{E}.down", "nova.blocks.{L}.moe.experts.{E}.down"),
)
"""Names that no published architecture uses."""

FUSED: Names = (
    ("layers.{L}.qkv", "model.layers.{L}.self_attn.qkv_proj"),
    ("layers.{L}.gate_up", "model.layers.{L}.mlp.gate_up_proj"),
    ("layers.{L}.experts.{E}.gate_up", "model.layers.{L}.block_sparse_moe.experts.{E}.gate_up_proj"),
)
"""Fused names as serving engines write them."""


def renamed(model: Model) -> Model:
    """Return the model under Nova's names, each tensor stored as before."""
    return _in_family(model, replace(_nova(model.family), fusions=model.family.fusions))


def fused(model: Model) -> Model:
    """Return the model with q, k, v in one tensor and gate, up in another: a Phi-3 where the architecture is one."""
    if model.family.model_type in ("llama", "mistral"):
        return _in_family(model, family_of("phi3"))
    return _in_family(model, replace(model.family, names=(*model.family.names, *FUSED), fusions=(QKV_BLOCKS, GATE_UP)))


def renamed_and_fused(model: Model) -> Model:
    """Return the model under Nova's names with fused tensors."""
    return _in_family(model, replace(_nova(model.family), fusions=(QKV_BLOCKS, GATE_UP)))


def _nova(family: Family) -> Family:
    return replace(family, model_type="nova", architecture="NovaForCausalLM", names=NOVA)


def _in_family(model: Model, family: Family) -> Model:
    identity = {"architectures": [family.architecture], "model_type": family.model_type}
    return replace(model, family=family, config={**model.config, **identity})
