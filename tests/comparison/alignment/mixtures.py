"""Made-up mixtures of experts with shared experts, in the names of Qwen-MoE and of DeepSeek V3, and their disguises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.models import WIDE, Array, Config, Size, Weights, llama, llama_config

SIZE = WIDE
EXPERTS = 3
EXPERT_UNITS = 96
SHARED_UNITS = 192


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an architecture calls its FFNs.

    Attributes:
        model_type: of the configuration.
        shared: what the shared expert is called.
        router: what the router is called.
        shared_router: what weighs the shared expert, or None.
        dense_layers: layers at the front without experts.
    """

    model_type: str
    shared: str
    router: str
    shared_router: str | None
    dense_layers: int


QWEN = Dialect("qwen2_moe", "mlp.shared_expert", "mlp.gate", "mlp.shared_expert_gate", 0)
DEEPSEEK = Dialect("deepseek_v3", "mlp.shared_experts", "mlp.gate", None, 1)
DIALECTS = {"Qwen-MoE": QWEN, "DeepSeek V3": DEEPSEEK}


def mixture(seed: int, dialect: Dialect, size: Size = SIZE, shared_units: int = SHARED_UNITS) -> Weights:
    """A Llama whose layers hold routed experts and a shared one; DeepSeek's with latent attention."""
    rng = np.random.default_rng((seed, 1))
    weights = llama(seed, size)
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        if dialect is DEEPSEEK:
            weights = _with_latent_attention(weights, at, size, rng)
        if layer < dialect.dense_layers:
            continue
        weights = {name: values for name, values in weights.items() if not name.startswith(at + "mlp.")}
        weights[f"{at}{dialect.router}.weight"] = _drawn(rng, EXPERTS, size.hidden)
        if dialect.shared_router:
            weights[f"{at}{dialect.shared_router}.weight"] = _drawn(rng, 1, size.hidden)
        blocks = [(f"mlp.experts.{expert}", EXPERT_UNITS) for expert in range(EXPERTS)]
        for block, units in (*blocks, (dialect.shared, shared_units)):
            weights |= _ffn(f"{at}{block}.", size.hidden, units, rng)
    return weights


def mixture_config(dialect: Dialect, size: Size = SIZE, shared_units: int = SHARED_UNITS) -> Config:
    config = llama_config(size) | {
        "model_type": dialect.model_type,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": EXPERT_UNITS,
    }
    if dialect is QWEN:
        return config | {"num_experts": EXPERTS, "shared_expert_intermediate_size": shared_units}
    return config | {
        "n_routed_experts": EXPERTS,
        "n_shared_experts": shared_units // EXPERT_UNITS,
        "first_k_dense_replace": dialect.dense_layers,
        "q_lora_rank": 48,
        "kv_lora_rank": 32,
        "qk_nope_head_dim": 16,
        "qk_rope_head_dim": 8,
        "v_head_dim": 16,
    }


def upcycled(dense: Weights, shared_units: int, rng: np.random.Generator, size: Size = SIZE) -> Weights:
    """Qwen1.5-MoE: experts hold a part of the dense FFN beside new units, the shared one all of it, and maybe more."""
    weights = {name: values for name, values in dense.items() if ".mlp." not in name}
    for layer in range(size.layers):
        at = f"model.layers.{layer}."
        ffn = {part: dense[f"{at}mlp.{part}_proj.weight"] for part in ("gate", "up", "down")}
        weights[f"{at}mlp.gate.weight"] = _drawn(rng, EXPERTS, size.hidden)
        weights[f"{at}mlp.shared_expert_gate.weight"] = _drawn(rng, 1, size.hidden)
        new = EXPERT_UNITS // 4
        for expert in range(EXPERTS):
            chosen = rng.permutation(size.ffn)[: EXPERT_UNITS - new]
            weights |= _beside(f"{at}mlp.experts.{expert}.", ffn, chosen, new, rng)
        more = shared_units - size.ffn
        weights |= _beside(f"{at}mlp.shared_expert.", ffn, np.arange(size.ffn), more, rng)
    return weights


def sparsely_upcycled(dense: Weights, experts: int, rng: np.random.Generator) -> Weights:
    """Mixtral's names: every expert is a copy of the dense FFN, and a little noise."""
    names = {"gate": "w1", "down": "w2", "up": "w3"}
    weights = {name: values for name, values in dense.items() if ".mlp." not in name}
    for name, values in dense.items():
        if ".mlp." not in name:
            continue
        layer, part = name.removesuffix("_proj.weight").split(".mlp.")
        for expert in range(experts):
            noise = 0.1 * values.std() * rng.standard_normal(values.shape)
            copy = f"{layer}.block_sparse_moe.experts.{expert}.{names[part]}.weight"
            weights[copy] = (values + noise).astype(np.float32)
        weights[f"{layer}.block_sparse_moe.gate.weight"] = _drawn(rng, experts, dense["model.norm.weight"].size)
    return weights


def sparse_config(size: Size, experts: int) -> Config:
    return llama_config(size) | {"model_type": "mixtral", "num_local_experts": experts, "num_experts_per_tok": 2}


def blocks_of(weights: Weights) -> list[str]:
    """The beginnings of the names of every FFN."""
    return [name.removesuffix("down_proj.weight") for name in weights if name.endswith("mlp.down_proj.weight")] + [
        name.removesuffix("down_proj.weight") for name in weights if "expert" in name and "down_proj" in name
    ]


def shared_blocks(weights: Weights) -> list[str]:
    return [block for block in blocks_of(weights) if "shared" in block]


def permute(weights: Weights, blocks: Iterable[str], rng: np.random.Generator) -> Weights:
    changed = dict(weights)
    for block in blocks:
        order = rng.permutation(len(weights[block + "up_proj.weight"]))
        for part in ("gate", "up"):
            changed[f"{block}{part}_proj.weight"] = changed[f"{block}{part}_proj.weight"][order]
        changed[block + "down_proj.weight"] = changed[block + "down_proj.weight"][:, order]
    return changed


def rescale(weights: Weights, blocks: Iterable[str], rng: np.random.Generator) -> Weights:
    return _multiplied(weights, blocks, lambda count: np.exp(0.5 * rng.standard_normal(count)).astype(np.float32))


def flip(weights: Weights, blocks: Iterable[str], rng: np.random.Generator) -> Weights:
    return _multiplied(weights, blocks, lambda count: rng.choice(np.array([-1, 1], dtype=np.float32), count))


def _multiplied(weights: Weights, blocks: Iterable[str], factors: object) -> Weights:
    assert callable(factors)
    changed = dict(weights)
    for block in blocks:
        factor = factors(len(weights[block + "up_proj.weight"]))
        changed[block + "up_proj.weight"] = weights[block + "up_proj.weight"] * factor[:, None]
        changed[block + "down_proj.weight"] = weights[block + "down_proj.weight"] / factor
    return changed


def permute_channels(weights: Weights, rng: np.random.Generator, size: Size = SIZE) -> Weights:
    order, signs = rng.permutation(size.hidden), rng.choice(np.array([-1, 1], dtype=np.float32), size.hidden)
    changed = {}
    for name, values in weights.items():
        if values.shape == (size.hidden,):
            changed[name] = values[order]
        elif name.endswith(("o_proj.weight", "down_proj.weight")):
            changed[name] = values[order] * signs[:, None]
        elif values.ndim == 2 and values.shape[1] == size.hidden:
            changed[name] = values[:, order] * signs
        else:
            changed[name] = values
    return changed


def renumber_experts(weights: Weights, rng: np.random.Generator, size: Size = SIZE) -> Weights:
    changed = dict(weights)
    for layer in range(size.layers):
        at = f"model.layers.{layer}.mlp."
        if at + "gate.weight" not in weights:
            continue
        order = rng.permutation(EXPERTS)
        changed[at + "gate.weight"] = weights[at + "gate.weight"][order]
        for expert, source in enumerate(order):
            for part in ("gate", "up", "down"):
                changed[f"{at}experts.{expert}.{part}_proj.weight"] = weights[
                    f"{at}experts.{source}.{part}_proj.weight"
                ]
    return changed


def _beside(start: str, ffn: dict[str, Array], chosen: Array, new: int, rng: np.random.Generator) -> Weights:
    """Some units of an FFN and new ones, in an order that keeps the chosen ones' own."""
    count, hidden = len(chosen) + new, ffn["gate"].shape[1]
    place = np.sort(rng.permutation(count)[: len(chosen)])
    made = _ffn(start, hidden, count, rng)
    for part in ("gate", "up"):
        made[f"{start}{part}_proj.weight"][place] = ffn[part][chosen]
    made[start + "down_proj.weight"][:, place] = ffn["down"][:, chosen]
    return made


def _ffn(start: str, hidden: int, units: int, rng: np.random.Generator) -> Weights:
    return {
        start + "gate_proj.weight": _drawn(rng, units, hidden),
        start + "up_proj.weight": _drawn(rng, units, hidden),
        start + "down_proj.weight": _drawn(rng, hidden, units),
    }


def _with_latent_attention(weights: Weights, at: str, size: Size, rng: np.random.Generator) -> Weights:
    weights = {name: values for name, values in weights.items() if not name.startswith(at + "self_attn.")}
    heads = size.heads
    return weights | {
        at + "self_attn.q_a_proj.weight": _drawn(rng, 48, size.hidden),
        at + "self_attn.q_a_layernorm.weight": np.ones(48, dtype=np.float32),
        at + "self_attn.q_b_proj.weight": _drawn(rng, heads * 24, 48),
        at + "self_attn.kv_a_proj_with_mqa.weight": _drawn(rng, 40, size.hidden),
        at + "self_attn.kv_a_layernorm.weight": np.ones(32, dtype=np.float32),
        at + "self_attn.kv_b_proj.weight": _drawn(rng, heads * 32, 32),
        at + "self_attn.o_proj.weight": _drawn(rng, size.hidden, heads * 16),
    }


def _drawn(rng: np.random.Generator, *shape: int) -> Array:
    drawn: Array = (0.02 * rng.standard_normal(shape)).astype(np.float32)
    return drawn
