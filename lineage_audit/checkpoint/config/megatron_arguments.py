"""What Megatron's training was told, as a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.config.reader import config_from_mapping

_KEYS: Mapping[str, str] = {
    "num_layers": "num_hidden_layers",
    "num_query_groups": "num_key_value_heads",
    "rotary_base": "rope_theta",
    "moe_router_topk": "num_experts_per_tok",
    "moe_ffn_hidden_size": "moe_intermediate_size",
    "qk_head_dim": "qk_nope_head_dim",
    "qk_pos_emb_head_dim": "qk_rope_head_dim",
}
"""Megatron's key -> transformers'; keys that are the same stand in the table of fields."""

_ONLY_WITH: Mapping[str, str] = {"num_query_groups": "group_query_attention"}
"""Key that means something only where another one is set -> that one."""


def config_from_megatron(arguments: Mapping[str, object], file: str) -> ArchConfig:
    """Translate ``args``.

    Args:
        arguments: keys and values; nothing about the types is taken for granted.
        file: where they were read.
    """
    stated: dict[str, object] = {"model_type": "megatron"}
    for key, value in arguments.items():
        if isinstance(value, (int, float, str)) and _holds(key, arguments):
            stated[_KEYS.get(key, key)] = value
    if isinstance(untied := arguments.get("untie_embeddings_and_output_weights"), bool):
        stated["tie_word_embeddings"] = not untied
    if arguments.get("normalization") == "RMSNorm" and "norm_epsilon" in stated:
        stated["rms_norm_eps"] = stated.pop("norm_epsilon")
    return config_from_mapping(stated, file)


def _holds(key: str, arguments: Mapping[str, object]) -> bool:
    return key not in _ONLY_WITH or bool(arguments.get(_ONLY_WITH[key]))
