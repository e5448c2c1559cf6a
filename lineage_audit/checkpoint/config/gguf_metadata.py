"""GGUF metadata as a configuration: llama.cpp's keys rewritten as transformers writes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.config.reader import config_from_mapping

_MODEL_TYPES: Mapping[str, str] = {
    "command-r": "cohere",
    "deepseek2": "deepseek_v2",
    "ernie4_5-moe": "ernie4_5_moe",
    "gemma3": "gemma3_text",
    "gpt-oss": "gpt_oss",
    "gptneox": "gpt_neox",
    "nomic-bert": "bert",
    "phi2": "phi",
    "qwen2moe": "qwen2_moe",
    "qwen3moe": "qwen3_moe",
    "starcoder": "gpt_bigcode",
}
"""GGUF architecture -> model type, where the two differ."""

_KEYS: Mapping[str, str] = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "feed_forward_length": "intermediate_size",
    "context_length": "max_position_embeddings",
    "vocab_size": "vocab_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.layer_norm_epsilon": "layer_norm_eps",
    "attention.sliding_window": "sliding_window",
    "attention.q_lora_rank": "q_lora_rank",
    "attention.kv_lora_rank": "kv_lora_rank",
    "attention.max_alibi_bias": "alibi_bias_max",
    "final_logit_softcapping": "final_logit_softcapping",
    "use_parallel_residual": "use_parallel_residual",
    "rope.freq_base": "rope_theta",
    "expert_count": "num_experts",
    "expert_used_count": "num_experts_per_tok",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_count": "n_shared_experts",
    "leading_dense_block_count": "first_k_dense_replace",
}
"""Key after the architecture's name -> key of ``config.json``."""

_DELTA_NETS = frozenset({"qwen3next", "qwen35", "qwen35moe"})
_LINEAR_SIZES = ("group_count", "time_step_rank", "state_size", "inner_size")
"""Key heads, value heads, dimensions of a key head, value dimensions of all heads."""

_TOKENS = "tokenizer.ggml.tokens"
_SINGLE_PRECISION_DIGITS = 7


def config_from_gguf(values: Mapping[str, object], file: str) -> ArchConfig:
    """Translate the metadata of a GGUF file.

    Args:
        values: the file's typed metadata.
        file: its name.
    """
    architecture = values.get("general.architecture")
    if not isinstance(architecture, str):
        return ArchConfig()
    own = {key.removeprefix(f"{architecture}."): value for key, value in values.items() if _is_of(architecture, key)}
    stated = {_KEYS[key]: value for key, raw in own.items() if key in _KEYS and (value := _plain(raw)) is not None}
    tokens = values.get(_TOKENS)
    if isinstance(tokens, tuple):
        stated.setdefault("vocab_size", len(tokens))
    if isinstance(stated.get("alibi_bias_max"), float):
        stated["alibi"] = True
    model_type = _MODEL_TYPES.get(architecture, architecture)
    linear = _linear(own) if architecture in _DELTA_NETS else {}
    derived = {**_latent(own), **linear, **_rotary(own, stated)}
    return config_from_mapping({"model_type": model_type, **stated, **derived}, file)


def _is_of(architecture: str, key: str) -> bool:
    return key.startswith(f"{architecture}.")


def _plain(value: object) -> object:
    """A scalar; a list by layer counts where all layers agree. Single precision is shown as it was meant."""
    if isinstance(value, np.ndarray):
        distinct = np.unique(value)
        return distinct[0].item() if distinct.size == 1 else None
    if isinstance(value, float):
        return float(f"{value:.{_SINGLE_PRECISION_DIGITS}g}")
    return value if isinstance(value, bool | int | str) else None


def _latent(own: Mapping[str, object]) -> dict[str, object]:
    """Head sizes of latent attention; ``key_length`` then counts rotated and unrotated channels together."""
    rotated = own.get("rope.dimension_count")
    key = own.get("attention.key_length_mla", own.get("attention.key_length"))
    value = own.get("attention.value_length_mla", own.get("attention.value_length"))
    if "attention.kv_lora_rank" not in own or not (isinstance(rotated, int) and isinstance(key, int)):
        return {}
    return {
        "qk_rope_head_dim": rotated,
        "qk_nope_head_dim": key - rotated,
        "v_head_dim": value,
        "head_dim": None,
    }


def _linear(own: Mapping[str, object]) -> dict[str, object]:
    """Heads of linear attention, which GGUF states under the names of a state-space model's sizes."""
    key_heads, value_heads, key, values = (own.get(f"ssm.{name}") for name in _LINEAR_SIZES)
    if not (isinstance(values, int) and isinstance(value_heads, int) and 0 < value_heads <= values):
        return {}
    return {
        "linear_num_key_heads": key_heads,
        "linear_num_value_heads": value_heads,
        "linear_key_head_dim": key,
        "linear_value_head_dim": values // value_heads,
    }


def _rotary(own: Mapping[str, object], stated: Mapping[str, object]) -> dict[str, object]:
    """Scaling, and the share of a head that is rotated."""
    rotary: dict[str, object] = {}
    kind = own.get("rope.scaling.type")
    if isinstance(kind, str) and kind != "none":
        rotary["rope_scaling"] = {"rope_type": kind, "factor": _plain(own.get("rope.scaling.factor"))}
    rotated, width = own.get("rope.dimension_count"), stated.get("head_dim")
    hidden, heads = stated.get("hidden_size"), stated.get("num_attention_heads")
    if width is None and isinstance(hidden, int) and isinstance(heads, int) and heads > 0:
        width = hidden // heads
    if isinstance(rotated, int) and isinstance(width, int) and 0 < rotated <= width:
        rotary["partial_rotary_factor"] = rotated / width
    return rotary
