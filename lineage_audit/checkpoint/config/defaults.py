"""What each architecture leaves unsaid: the documented defaults of its configuration class, as data.

Source: the configuration classes of transformers 5, and for architectures outside it (Baichuan, ChatGLM,
InternLM, Qwen 1) the configuration and modelling files that were published with their weights. Sizes are
given where models are known to leave them out, which nested configurations of multimodal models do.
"""

from __future__ import annotations

from collections.abc import Mapping

from lineage_audit.checkpoint.config.fields import FieldValue

_Defaults = Mapping[str, FieldValue]

_LLAMA: _Defaults = {
    "activation": "silu",
    "gated_ffn": True,
    "norm": "rmsnorm",
    "norm_eps": 1e-6,
    "norm_position": "pre",
    "position_encoding": "rotary",
    "rope_theta": 10000.0,
    "rope_scaling": "none",
    "rotary_fraction": 1.0,
    "rotary_interleaved": False,
    "tie_embeddings": False,
    "attention_bias": False,
    "ffn_bias": False,
    "qk_norm": False,
    "parallel_blocks": False,
}
"""The design most decoders since 2023 vary."""

_GPT2: _Defaults = {
    "activation": "gelu_tanh",
    "gated_ffn": False,
    "norm": "layernorm",
    "norm_eps": 1e-5,
    "norm_position": "pre",
    "position_encoding": "learned",
    "tie_embeddings": True,
    "attention_bias": True,
    "ffn_bias": True,
    "qk_norm": False,
    "parallel_blocks": False,
}
_BERT: _Defaults = {
    **_GPT2,
    "activation": "gelu",
    "norm_eps": 1e-12,
    "norm_position": "post",
    "max_positions": 512,
}
_ROTARY: _Defaults = {
    "position_encoding": "rotary",
    "rope_theta": 10000.0,
    "rope_scaling": "none",
    "rotary_fraction": 1.0,
    "rotary_interleaved": False,
}
_LLAMA_SIZES: _Defaults = {
    "hidden_size": 4096,
    "num_layers": 32,
    "num_heads": 32,
    "ffn_size": 11008,
    "vocab_size": 32000,
    "max_positions": 2048,
}
_MISTRAL: _Defaults = {
    **_LLAMA,
    **_LLAMA_SIZES,
    "num_kv_heads": 8,
    "ffn_size": 14336,
    "max_positions": 131072,
    "sliding_window": 4096,
}
_QWEN2_SIZES: _Defaults = {**_LLAMA_SIZES, "ffn_size": 22016, "vocab_size": 151936, "max_positions": 32768}
_QWEN3: _Defaults = {**_LLAMA, **_QWEN2_SIZES, "head_dim": 128, "qk_norm": True}
_GEMMA: _Defaults = {
    **_LLAMA,
    "activation": "gelu_tanh",
    "tie_embeddings": True,
    "head_dim": 256,
    "vocab_size": 256000,
    "max_positions": 8192,
}
_GEMMA2: _Defaults = {
    **_GEMMA,
    "hidden_size": 2304,
    "ffn_size": 9216,
    "num_layers": 26,
    "num_heads": 8,
    "num_kv_heads": 4,
    "norm_position": "sandwich",
    "sliding_window": 4096,
}
_GLM: _Defaults = {
    **_LLAMA,
    "head_dim": 128,
    "num_kv_heads": 2,
    "rotary_fraction": 0.5,
    "rotary_interleaved": True,
    "attention_bias": True,
    "norm_eps": 1.5625e-7,
    "max_positions": 131072,
}
_DEEPSEEK_V2: _Defaults = {
    **_LLAMA,
    "rotary_interleaved": True,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "first_dense_layers": 0,
}
_ERNIE: _Defaults = {
    **_LLAMA,
    "rope_theta": 500000.0,
    "rotary_interleaved": True,
    "norm_eps": 1e-5,
    "tie_embeddings": True,
    "max_positions": 131072,
}
_COHERE: _Defaults = {
    **_LLAMA,
    "norm": "layernorm",
    "norm_eps": 1e-5,
    "rotary_interleaved": True,
    "tie_embeddings": True,
    "parallel_blocks": True,
    "max_positions": 8192,
}

DEFAULTS: Mapping[str, _Defaults] = {
    "llama": {**_LLAMA, **_LLAMA_SIZES},
    "yi": {**_LLAMA, "rope_theta": 5000000.0, "norm_eps": 1e-5, "max_positions": 4096},
    "mistral": _MISTRAL,
    "mixtral": {
        **{name: value for name, value in _MISTRAL.items() if name != "sliding_window"},
        "norm_eps": 1e-5,
        "rope_theta": 1000000.0,
        "num_experts": 8,
        "experts_per_token": 2,
        "num_shared_experts": 0,
        "first_dense_layers": 0,
    },
    "qwen": {**_LLAMA, "attention_bias": True},
    "qwen2": {**_LLAMA, **_QWEN2_SIZES, "attention_bias": True},
    "qwen2_moe": {**_LLAMA, **_QWEN2_SIZES, "attention_bias": True, "num_shared_experts": 1},
    "qwen3": _QWEN3,
    "qwen3_moe": {**_QWEN3, "num_shared_experts": 0, "first_dense_layers": 0},
    "gemma": _GEMMA,
    "gemma2": {**_GEMMA2, "logit_softcap": 30.0},
    "gemma3": {
        **_GEMMA2,
        "vocab_size": 262208,
        "max_positions": 131072,
        "rope_theta": 1000000.0,
        "qk_norm": True,
    },
    "phi": {**_GPT2, **_ROTARY, "rotary_fraction": 0.5, "tie_embeddings": False, "parallel_blocks": True},
    "phi3": {**_LLAMA, "norm_eps": 1e-5, "vocab_size": 32064, "hidden_size": 3072, "ffn_size": 8192},
    "falcon": {
        **_GPT2,
        **_ROTARY,
        "activation": "gelu",
        "attention_bias": False,
        "ffn_bias": False,
        "parallel_blocks": True,
        "max_positions": 2048,
    },
    "baichuan": _LLAMA,
    "chatglm": {
        **_GLM,
        "norm_eps": 1e-5,
        "ffn_bias": False,
        "num_kv_heads": None,
        "max_positions": None,
    },
    "glm": _GLM,
    "glm4": {**_GLM, "norm_position": "sandwich"},
    "internlm": {**_LLAMA, "attention_bias": True},
    "internlm2": {**_LLAMA, "qkv_layout": "grouped"},
    "deepseek": {**_LLAMA, "first_dense_layers": 0},
    "deepseek_v2": _DEEPSEEK_V2,
    "deepseek_v3": {**_DEEPSEEK_V2, "q_lora_rank": 1536, "first_dense_layers": 3},
    "ernie4_5": _ERNIE,
    "ernie4_5_moe": {**_ERNIE, "num_shared_experts": 2, "first_dense_layers": 1},
    "gpt2": {**_GPT2, "vocab_size": 50257, "max_positions": 1024},
    "gpt_bigcode": {**_GPT2, "vocab_size": 50257, "max_positions": 1024},
    "gpt_neo": {**_GPT2, "attention_bias": False, "max_positions": 2048, "sliding_window": 256},
    "gpt_neox": {
        **_GPT2,
        **_ROTARY,
        "activation": "gelu",
        "rotary_fraction": 0.25,
        "tie_embeddings": False,
        "parallel_blocks": True,
        "qkv_layout": "per-head",
        "max_positions": 2048,
    },
    "gptj": {
        **_GPT2,
        **_ROTARY,
        "rotary_interleaved": True,
        "tie_embeddings": False,
        "attention_bias": False,
        "parallel_blocks": True,
        "max_positions": 2048,
    },
    "bloom": {**_GPT2, "position_encoding": "alibi", "qkv_layout": "per-head", "max_positions": None},
    "opt": {**_GPT2, "activation": "relu", "max_positions": 2048},
    "mpt": {
        **_GPT2,
        "activation": "gelu",
        "position_encoding": "alibi",
        "attention_bias": False,
        "ffn_bias": False,
    },
    "stablelm": {
        **_LLAMA,
        "norm": "layernorm",
        "norm_eps": 1e-5,
        "rotary_fraction": 0.25,
        "max_positions": 4096,
    },
    "olmo": {**_LLAMA, "norm": "layernorm", "norm_eps": 1e-5, "max_positions": 2048},
    "olmo2": {
        **_LLAMA,
        "norm_eps": 1e-5,
        "norm_position": "post-sublayer",
        "qk_norm": True,
        "max_positions": 2048,
    },
    "cohere": _COHERE,
    "cohere2": {**_COHERE, "sliding_window": 4096},
    "starcoder2": {**_GPT2, **_ROTARY, "max_positions": 4096},
    "gpt_oss": {
        **_LLAMA,
        "norm_eps": 1e-5,
        "rope_theta": 150000.0,
        "attention_bias": True,
        "ffn_bias": True,
        "head_dim": 64,
        "experts_per_token": 4,
        "num_shared_experts": 0,
        "first_dense_layers": 0,
        "sliding_window": 128,
    },
    "bert": _BERT,
    "roberta": _BERT,
    "distilbert": {**_BERT, "hidden_size": 768, "num_layers": 6, "num_heads": 12, "ffn_size": 3072},
    "albert": {**_BERT, "activation": "gelu_tanh", "embedding_size": 128},
}
"""Defaults by family; a value of None says that the family has no such default."""

FAMILY_OF: Mapping[str, str] = {
    "codellama": "llama",
    "aquila": "llama",
    "xverse": "llama",
    "granite": "llama",
    "ministral": "mistral",
    "refinedweb": "falcon",
    "refinedwebmodel": "falcon",
    "qwen2_5_vl_text": "qwen2",
    "qwen2_vl_text": "qwen2",
    "qwen2_vl": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe_text": "qwen3_moe",
    "gemma3_text": "gemma3",
    "phi_msft": "phi",
    "phi3small": "phi3",
    "glm4v_text": "glm4",
    "deepseek_v32": "deepseek_v3",
    "kimi_k2": "deepseek_v3",
    "stablelm_epoch": "stablelm",
    "olmo3": "olmo2",
    "xlm_roberta": "roberta",
    "camembert": "roberta",
}
"""Model types that share another family's defaults."""

FFN_MULTIPLE: Mapping[str, int] = dict.fromkeys(("gpt2", "gpt_bigcode", "gpt_neo", "gptj", "bloom", "falcon", "mpt"), 4)
"""Families whose FFN is this many times as wide as the residual stream unless stated otherwise."""

EXPERT_FFN_IS_FFN: frozenset[str] = frozenset({"mixtral", "gpt_oss"})
"""Families that state the width of one expert as the FFN size."""

NULL_MEANS_NONE: frozenset[str] = frozenset(
    {"sliding_window", "logit_softcap", "q_lora_rank", "num_kv_heads", "num_experts", "num_shared_experts"}
)
"""Fields that a null switches off; elsewhere a null asks for the family's default."""
