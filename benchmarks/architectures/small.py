"""A small configuration of every model type: the type's own defaults with every size made small.

Sizes go by their names, which transformers' configurations share to a large part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIDTH, UNITS, HEADS, KV_HEADS, HEAD, LAYERS, TOKENS, EXPERTS = 64, 96, 4, 2, 16, 4, 320, 4

_NAMES: tuple[tuple[int, str], ...] = (
    (
        WIDTH,
        """hidden_size d_model n_embd dim embed_dim hidden_dim embedding_size encoder_hidden_size
        decoder_hidden_size vision_hidden_size text_hidden_size out_hidden_size output_hidden_size
        word_embed_proj_dim d_embed emb_dim input_embedding_size output_dim projection_dim
        lm_hidden_size audio_hidden_size qk_hidden_size output_embedding_size input_hidden_size adapter_hidden_size
        text_embed_dim cross_hidden_size d_latents mm_hidden_size
        rnn_hidden_size lru_width attention_hidden_size embedding_dim encoder_embed_dim""",
    ),
    (
        UNITS,
        """intermediate_size ffn_dim encoder_ffn_dim decoder_ffn_dim n_inner d_ff ffn_hidden_size
        moe_intermediate_size shared_expert_intermediate_size moe_shared_expert_intermediate_size dim_ff
        shared_intermediate_size hidden_dim_ffn ffn_size intermediate_size_mlp dense_intermediate_size
        expert_ffn_hidden_size moe_ffn_hidden_size block_ff_dim
        mlp_hidden_size intermediate_dim expert_dim""",
    ),
    (
        HEADS,
        """num_attention_heads n_head num_heads encoder_attention_heads decoder_attention_heads n_heads
        attention_heads num_encoder_attention_heads num_decoder_attention_heads encoder_num_heads nhead
        num_cross_attention_heads num_self_attention_heads linear_num_value_heads""",
    ),
    (
        KV_HEADS,
        """num_key_value_heads num_kv_heads n_head_kv kv_n_heads multi_query_group_num num_query_groups
        linear_num_key_heads""",
    ),
    (
        HEAD,
        """head_dim d_kv attention_head_size kv_channels swa_head_dim v_head_dim attention_head_dim
        global_head_dim linear_key_head_dim linear_value_head_dim""",
    ),
    (
        LAYERS,
        """num_hidden_layers n_layer num_layers encoder_layers decoder_layers depth n_layers
        num_encoder_layers num_decoder_layers attention_layers
        encoder_num_layers num_block_layers""",
    ),
    (
        TOKENS,
        """vocab_size text_vocab_size decoder_vocab_size encoder_vocab_size src_vocab_size tgt_vocab_size
        vocab_size_per_layer_input""",
    ),
    (EXPERTS, """num_experts num_local_experts n_routed_experts moe_num_experts num_moe_experts n_experts"""),
    (
        2,
        """num_experts_per_tok moe_top_k moe_k num_experts_per_token top_k n_activated_experts moe_topk
        num_selected_experts""",
    ),
    (
        1,
        """n_group topk_group num_nextn_predict_layers n_shared_experts moe_num_shared_experts num_shared_experts
        first_k_dense_replace""",
    ),
    (24, """q_lora_rank kv_lora_rank"""),
    (8, """qk_rope_head_dim"""),
    (12, """qk_nope_head_dim"""),
    (32, """image_size"""),
    (4, """patch_size"""),
)
SMALL: Mapping[str, int] = {name: value for value, names in _NAMES for name in names.split()}
"""Field of a configuration -> its small value; asked for in the configuration and all that are inside it."""


_ROPE = {"rope_type": "default", "rope_theta": 1e4}
_TOKENIZER_OF_SPEECH = {"hidden_size": 8, "depths": [1] * 7, "num_filters": 4}
_TOKENIZER_OF_IMAGES = {"base_channels": 32, "channel_multiplier": [1, 1]}
_INDEXER = {
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_head_dim": HEAD,
    "indexer_budget": 8,
    "indexer_compress_ratio": 4,
}

QUIRKS: Mapping[str, Mapping[str, Any]] = {
    "mamba2": {"num_heads": 8},
    "bamba": {"mamba_n_heads": 8, "mamba_d_head": 16},
    "granitemoehybrid": {"mamba_n_heads": 8, "mamba_d_head": 16},
    "xlnet": {"d_head": 16},
    "hunyuan_v1_dense": {"head_dim": 16},
    "hunyuan_v1_moe": {"head_dim": 16},
    "ministral": {"head_dim": 16},
    "nemotron": {"num_key_value_heads": 2},
    "esm": {"vocab_size": 33, "pad_token_id": 1},
    "esmc": {"num_key_value_heads": 4},
    "reformer": {"is_decoder": True, "axial_pos_embds_dim": [16, 48]},
    "dots1": {"n_routed_experts": EXPERTS, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gemma4_assistant": {"hidden_size_per_layer_input": 0},
    "dbrx": {"attn_config": {"kv_n_heads": KV_HEADS, "rope_theta": 1e4, "attn_pdrop": 0.0, "clip_qkv": None}},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
    "lfm2": {"layer_types": ["conv", "full_attention", "conv", "conv"]},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "conv"], "num_dense_layers": 1},
    "longcat_flash": {"zero_expert_num": 2},
    "inkling2_text": {"unpadded_vocab_size": TOKENS},
    "inkling2": {"text_config": {"unpadded_vocab_size": TOKENS}},
    "inkling2_loop_text": {"unpadded_vocab_size": TOKENS},
    "dory": {
        "num_hidden_layers": 8,
        "n_input_layers": 2,
        "n_recurrent_layers": 4,
        "n_output_layers": 2,
        "layer_types": ["full_attention", "mlp"] * 4,
    },
    "inkling2_loop": {"text_config": {"unpadded_vocab_size": TOKENS}},
    "cohere_compass": {"text_config": {"rope_parameters": {"full_attention": _ROPE, "sliding_attention": _ROPE}}},
    "deepseek_ocr2": {"text_config": {"mlp_layer_types": ["dense", "sparse", "sparse", "sparse"]}},
    "diffusion_gemma": {"text_config": {"num_experts": EXPERTS, "top_k_experts": 2, "moe_intermediate_size": UNITS}},
    "hunyuan_vl": {"text_config": {"head_dim": HEAD}, "vision_config": {"max_image_size": 64}},
    "chameleon": {"vocabulary_map": {"<image>": 8}, "vq_config": _TOKENIZER_OF_IMAGES},
    "emu3": {"vocabulary_map": {"<image>": 8, "<|extra_200|>": 9}, "vq_config": _TOKENIZER_OF_IMAGES},
    "dots3_note": {
        "text_config": {
            "layer_types": ["indexed_attention"] * LAYERS,
            "per_layer_config": {},
            "num_key_value_heads": HEADS,
        },
        "vision_config": {"adapter_in_dim": WIDTH},
    },
    "qwen4_exp_text": _INDEXER,
    "qwen4_exp": {"text_config": _INDEXER},
    "granite4_vision": {"deepstack_layer_map": [[0, 1], [1, 2]], "downsample_rate": "2/4"},
    "muse_spark": {
        "projector_hidden_size": WIDTH,
        "text_config": {"moe_hidden_size": WIDTH},
        "audio_config": {"hidden_sizes": [16, 16, 32, WIDTH], "depths": [1, 1, 1, 1]},
    },
    "vibevoice_asr": {
        "acoustic_tokenizer_encoder_config": _TOKENIZER_OF_SPEECH,
        "semantic_tokenizer_encoder_config": _TOKENIZER_OF_SPEECH,
    },
    "apertus1p5": {
        "image_token_offset": 16,
        "audio_token_offset": 80,
        "vision_config": {"base_channels": 32, "codebook_size": 64},
        "audio_config": {"codebook_dim": WIDTH, "codebook_size": 64},
    },
}
"""What a type ties together in a way of its own: fields to set once the others are small, at every depth."""


def with_quirks(small: Mapping[str, Any], quirks: Mapping[str, Any]) -> dict[str, Any]:
    """Set a type's own fields; what stands in a nested configuration is set there."""
    merged = dict(small)
    for name, value in quirks.items():
        inner = merged.get(name)
        nested = bool(value) and isinstance(value, Mapping) and name.endswith("_config")
        merged[name] = with_quirks(inner, value) if nested and isinstance(inner, Mapping) else value
    return merged


def shrunken(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as a dictionary with small sizes, at every depth."""
    small = {name: _small_value(name, value) for name, value in stated.items()}
    before, after = _layers(stated), _layers(small)
    return {name: _of_layers(value, before, after) for name, value in small.items()}


def shrink(config: Any) -> Any:
    """Make a configuration object small in place; types whose validation forbids the dictionary allow this."""
    fields = vars(config)
    before = _layers(fields)
    for name, value in list(fields.items()):
        if hasattr(value, "to_dict"):
            shrink(value)
        elif not name.startswith("_") and not isinstance(value, Mapping):
            fields[name] = _small_value(name, value)
    after = _layers(fields)
    fields.update({name: _of_layers(value, before, after) for name, value in fields.items()})
    return config


def _layers(fields: Mapping[str, Any]) -> int | None:
    names = ("num_hidden_layers", "n_layer", "num_layers", "depth")
    return next((fields[name] for name in names if isinstance(fields.get(name), int)), None)


def _of_layers(value: Any, before: int | None, after: int | None) -> Any:
    """A list with an entry a layer, or a mapping by layer, cut to the layers that are left."""
    if not before or not after:
        return value
    if isinstance(value, list) and len(value) == before:
        return every_kind(value, after)
    if isinstance(value, Mapping) and value and all(str(key).isdigit() for key in value):
        return {key: entry for key, entry in value.items() if int(key) < after}
    return value


def every_kind(kinds: list[Any], count: int) -> list[Any]:
    """Return ``count`` entries of a list, with every kind of word among them that there is room for."""
    if not all(isinstance(kind, str) for kind in kinds):
        return kinds[:count]
    different = list(dict.fromkeys(kinds))
    return (different * count)[:count]


def _small_value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return value if all(str(key).isdigit() for key in value) else shrunken(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if name in SMALL:
        return min(value, SMALL[name]) if value > 0 else value
    if name.endswith(("_token_id", "_token_index")):
        return value if 0 <= value < TOKENS else TOKENS - 1
    return value
