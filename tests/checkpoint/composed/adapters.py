"""Adapters written by hand, so that any layout and any damage is possible."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np

from lineage_audit.checkpoint import Checkpoint
from tests import models
from tests.models import Array, Size

RANK, ALPHA = 4, 8


def low_rank(seed: int, shape: tuple[int, int], rank: int = RANK) -> tuple[Array, Array]:
    """The factors of an update of shape ``[out, in]``."""
    rng = np.random.default_rng([seed, 7])
    out, width = shape
    return (
        rng.standard_normal((rank, width)).astype(np.float32),
        (0.01 * rng.standard_normal((out, rank))).astype(np.float32),
    )


def llama_updates(seed: int, size: Size = models.SMALL) -> dict[str, tuple[Array, Array]]:
    """Factors for q, k, v and gate of every layer, by module."""
    shapes = {
        "self_attn.q_proj": (size.hidden, size.hidden),
        "self_attn.k_proj": (size.kv_rows, size.hidden),
        "self_attn.v_proj": (size.kv_rows, size.hidden),
        "mlp.gate_proj": (size.ffn, size.hidden),
    }
    return {
        f"model.layers.{layer}.{module}": low_rank(100 * seed + 10 * layer + number, shape)
        for layer in range(size.layers)
        for number, (module, shape) in enumerate(shapes.items())
    }


def adapter(
    updates: Mapping[str, tuple[Array, Array]], more: Mapping[str, Array] | None = None, **stated: object
) -> dict[str, bytes]:
    """The files of a LoRA adapter; ``more`` are tensors beside the factors, by their names in the base."""
    tensors = {f"base_model.model.{name}": values for name, values in (more or {}).items()}
    for module, (a, b) in updates.items():
        tensors[f"base_model.model.{module}.lora_A.weight"] = a
        tensors[f"base_model.model.{module}.lora_B.weight"] = b
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "base_model_name_or_path": "org/base", **stated}
    return {
        "adapter_config.json": json.dumps(config).encode(),
        "adapter_model.safetensors": models.safetensors(tensors),
    }


def merged(weights: models.Weights, updates: Mapping[str, tuple[Array, Array]]) -> models.Weights:
    """The weights with the updates added."""
    result = dict(weights)
    for module, (a, b) in updates.items():
        result[f"{module}.weight"] = weights[f"{module}.weight"] + np.float32(ALPHA / RANK) * (b @ a)
    return result


def fused(weights: models.Weights) -> Checkpoint:
    """The same Llama with q, k and v in one matrix, and gate and up in another."""
    result = {k: v for k, v in weights.items() if "_proj" not in k or "o_proj" in k or "down_proj" in k}
    for layer in range(models.SMALL.layers):
        at = f"model.layers.{layer}."
        qkv = [weights[f"{at}self_attn.{name}_proj.weight"] for name in "qkv"]
        result[f"{at}self_attn.qkv_proj.weight"] = np.concatenate(qkv)
        halves = [weights[f"{at}mlp.{name}_proj.weight"] for name in ("gate", "up")]
        result[f"{at}mlp.gate_up_proj.weight"] = np.concatenate(halves)
    return models.model(result, models.llama_config(model_type="phi3", architectures=["Phi3ForCausalLM"]))
