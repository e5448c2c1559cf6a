"""The one vocabulary of architecture fields, and what each is called across architectures.

The names an architecture gives a field are its *aliases*, in order of preference; a dot reaches into a nested
object. Meanings that a name alone does not settle (a field stored doubled, a flag that stands for a layout)
are in ``derivations.py``; what an architecture leaves unsaid is in ``defaults.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

FieldKind = Literal["size", "count", "number", "flag", "text", "activation", "dtype"]
"""How a stated value is checked: an integer from 1, one from 0, a finite number, a boolean, a short text."""

SIZE_LIMIT = 2**31 - 1
"""Largest believable size; what exceeds it is dropped as damaged or hostile."""


class FieldSpec(Struct, frozen=True):
    """One field of the vocabulary.

    Attributes:
        label: what a report calls it.
        kind: what values it takes.
        aliases: keys in configurations that mean it, the preferred ones first.
        limit: largest integer taken.
    """

    label: str
    kind: FieldKind
    aliases: tuple[str, ...] = ()
    limit: int = SIZE_LIMIT


FIELDS: Mapping[str, FieldSpec] = {
    # What it is
    "architecture": FieldSpec("architecture class", "text"),
    "model_type": FieldSpec("model type", "text", ("model_type",)),
    "dtype": FieldSpec("weights' data type", "dtype", ("dtype", "torch_dtype")),
    "quantization": FieldSpec(
        "quantisation method",
        "text",
        ("quantization_config.quant_method", "compression_config.quant_method", "quantization.quant_method"),
    ),
    # Sizes
    "hidden_size": FieldSpec("residual channels", "size", ("hidden_size", "n_embd", "d_model", "n_embed", "dim")),
    "num_layers": FieldSpec(
        "layers", "size", ("num_hidden_layers", "n_layer", "num_layers", "n_layers"), limit=100_000
    ),
    "num_heads": FieldSpec(
        "attention heads", "size", ("num_attention_heads", "n_head", "num_heads", "n_heads"), limit=1_000_000
    ),
    "num_kv_heads": FieldSpec(
        "KV groups",
        "size",
        ("num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_head_kv", "multi_query_group_num"),
        limit=1_000_000,
    ),
    "head_dim": FieldSpec("channels per head", "size", ("head_dim", "kv_channels", "attention_head_dim", "d_head")),
    "ffn_size": FieldSpec(
        "FFN units",
        "size",
        (
            "intermediate_size",
            "ffn_hidden_size",
            "n_inner",
            "ffn_dim",
            "hidden_dim",
            "inner_hidden_size",
            "d_ff",
        ),
    ),
    "vocab_size": FieldSpec("vocabulary size", "size", ("vocab_size", "padded_vocab_size", "n_vocab")),
    "embedding_size": FieldSpec("embedding width", "size", ("embedding_size", "word_embed_proj_dim")),
    "max_positions": FieldSpec(
        "context length",
        "size",
        (
            "max_position_embeddings",
            "n_positions",
            "seq_length",
            "max_seq_len",
            "max_sequence_length",
            "model_max_length",
            "n_ctx",
        ),
    ),
    # Feed-forward and norms
    "activation": FieldSpec(
        "activation",
        "activation",
        ("hidden_activation", "hidden_act", "activation_function", "activation", "ffn_act_fn.name"),
    ),
    "gated_ffn": FieldSpec("gated FFN", "flag"),
    "norm": FieldSpec("norm", "text"),
    "norm_eps": FieldSpec(
        "norm epsilon",
        "number",
        (
            "rms_norm_eps",
            "layer_norm_eps",
            "layer_norm_epsilon",
            "layernorm_epsilon",
            "norm_epsilon",
            "norm_eps",
            "layernorm_eps",
        ),
    ),
    "norm_position": FieldSpec("norm position", "text"),
    "ffn_bias": FieldSpec("FFN bias", "flag", ("mlp_bias", "add_bias_linear", "use_bias", "enable_bias")),
    "parallel_blocks": FieldSpec("attention and FFN in parallel", "flag", ("use_parallel_residual", "parallel_attn")),
    # Attention and positions
    "attention_bias": FieldSpec(
        "bias in q, k and v",
        "flag",
        ("attention_bias", "use_qkv_bias", "qkv_bias", "add_qkv_bias", "use_bias", "enable_bias"),
    ),
    "qk_norm": FieldSpec("norm of q and k", "flag", ("qk_layernorm", "use_qk_norm", "attn_config.qk_ln", "qk_norm")),
    "qkv_layout": FieldSpec("layout of fused q/k/v", "text"),
    "sliding_window": FieldSpec("sliding window", "size", ("sliding_window", "window_size", "sliding_window_size")),
    "logit_softcap": FieldSpec("cap of the final logits", "number", ("final_logit_softcapping",)),
    "position_encoding": FieldSpec("position encoding", "text"),
    "rope_theta": FieldSpec(
        "rotary base",
        "number",
        (
            "rope_parameters.rope_theta",
            "rope_parameters.full_attention.rope_theta",
            "rope_theta",
            "rotary_emb_base",
            "rope_base",
            "rotary_base",
            "attn_config.rope_theta",
        ),
    ),
    "rope_scaling": FieldSpec("rotary scaling", "text"),
    "rotary_fraction": FieldSpec(
        "rotated share of a head",
        "number",
        ("rope_parameters.partial_rotary_factor", "partial_rotary_factor", "rotary_pct", "rope_pct"),
    ),
    "rotary_interleaved": FieldSpec("rotary pairs adjacent", "flag", ("rope_interleave", "rope_interleaved")),
    "tie_embeddings": FieldSpec(
        "tied embeddings", "flag", ("tie_word_embeddings", "tie_embeddings", "use_tied_embeddings")
    ),
    # Experts
    "num_experts": FieldSpec(
        "experts",
        "count",
        ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", "moe.num_experts"),
        limit=1_000_000,
    ),
    "experts_per_token": FieldSpec(
        "experts per token",
        "size",
        (
            "num_experts_per_tok",
            "num_experts_per_token",
            "experts_per_token",
            "moe_k",
            "moe.num_experts_per_tok",
        ),
    ),
    "expert_ffn_size": FieldSpec(
        "FFN units per expert",
        "size",
        ("moe_intermediate_size", "expert_ffn_hidden_size", "ffn_hidden_size_expert"),
    ),
    "num_shared_experts": FieldSpec("shared experts", "count", ("n_shared_experts", "moe_num_shared_experts")),
    "first_dense_layers": FieldSpec(
        "dense layers before the experts", "count", ("first_k_dense_replace", "moe_layer_start_index")
    ),
    # Latent attention
    "q_lora_rank": FieldSpec("rank of latent q", "size", ("q_lora_rank",)),
    "kv_lora_rank": FieldSpec("rank of latent k and v", "size", ("kv_lora_rank",)),
    "qk_nope_head_dim": FieldSpec("unrotated channels per head", "size", ("qk_nope_head_dim",)),
    "qk_rope_head_dim": FieldSpec("rotated channels per head", "size", ("qk_rope_head_dim",)),
    "v_head_dim": FieldSpec("value channels per head", "size", ("v_head_dim",)),
}

FAMILY_ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "internlm": {"attention_bias": ("bias",)},
    "internlm2": {"attention_bias": ("bias",)},
    "falcon": {"attention_bias": ("bias",), "ffn_bias": ("bias",)},
    "mpt": {"norm_eps": ("layer_norm_epsilon",)},
    "chatglm": {"attention_bias": ("add_qkv_bias",), "ffn_bias": ("add_bias_linear",)},
}
"""Keys that mean a field in one family only; asked before the general aliases."""
