"""The architectures of the zoo, as data."""

from __future__ import annotations

from benchmarks.zoo.families.family import LLAMA_CONFIG, Family, Names
from benchmarks.zoo.families.fusion import GATE_UP, QKV_BLOCKS, QKV_HEADS

_OUTSIDE: Names = (
    ("embed", "model.embed_tokens"),
    ("final_norm", "model.norm"),
    ("head", "lm_head"),
)
_NORMS: Names = (
    ("layers.{L}.attn_norm", "model.layers.{L}.input_layernorm"),
    ("layers.{L}.ffn_norm", "model.layers.{L}.post_attention_layernorm"),
)
_ATTENTION: Names = (
    ("layers.{L}.q", "model.layers.{L}.self_attn.q_proj"),
    ("layers.{L}.k", "model.layers.{L}.self_attn.k_proj"),
    ("layers.{L}.v", "model.layers.{L}.self_attn.v_proj"),
    ("layers.{L}.o", "model.layers.{L}.self_attn.o_proj"),
)
_FFN: Names = (
    ("layers.{L}.gate", "model.layers.{L}.mlp.gate_proj"),
    ("layers.{L}.up", "model.layers.{L}.mlp.up_proj"),
    ("layers.{L}.down", "model.layers.{L}.mlp.down_proj"),
)
_LLAMA: Names = (*_OUTSIDE, *_NORMS, *_ATTENTION, *_FFN)

FAMILIES: tuple[Family, ...] = (
    Family("llama", "LlamaForCausalLM", _LLAMA),
    Family("mistral", "MistralForCausalLM", _LLAMA),
    Family("qwen2", "Qwen2ForCausalLM", _LLAMA),
    Family("gemma", "GemmaForCausalLM", _LLAMA, norm_offset=1.0),
    Family(
        "gemma3_text",
        "Gemma3ForCausalLM",
        (
            *_OUTSIDE,
            ("layers.{L}.attn_norm", "model.layers.{L}.input_layernorm"),
            ("layers.{L}.attn_post_norm", "model.layers.{L}.post_attention_layernorm"),
            ("layers.{L}.ffn_norm", "model.layers.{L}.pre_feedforward_layernorm"),
            ("layers.{L}.ffn_post_norm", "model.layers.{L}.post_feedforward_layernorm"),
            ("layers.{L}.q_norm", "model.layers.{L}.self_attn.q_norm"),
            ("layers.{L}.k_norm", "model.layers.{L}.self_attn.k_norm"),
            *_ATTENTION,
            *_FFN,
        ),
        norm_offset=1.0,
    ),
    Family(
        "phi3",
        "Phi3ForCausalLM",
        (
            *_OUTSIDE,
            *_NORMS,
            ("layers.{L}.qkv", "model.layers.{L}.self_attn.qkv_proj"),
            ("layers.{L}.o", "model.layers.{L}.self_attn.o_proj"),
            ("layers.{L}.gate_up", "model.layers.{L}.mlp.gate_up_proj"),
            ("layers.{L}.down", "model.layers.{L}.mlp.down_proj"),
        ),
        fusions=(QKV_BLOCKS, GATE_UP),
    ),
    Family(
        "mixtral",
        "MixtralForCausalLM",
        (
            *_OUTSIDE,
            *_NORMS,
            *_ATTENTION,
            ("layers.{L}.router", "model.layers.{L}.block_sparse_moe.gate"),
            ("layers.{L}.experts.{E}.gate", "model.layers.{L}.block_sparse_moe.experts.{E}.w1"),
            ("layers.{L}.experts.{E}.down", "model.layers.{L}.block_sparse_moe.experts.{E}.w2"),
            ("layers.{L}.experts.{E}.up", "model.layers.{L}.block_sparse_moe.experts.{E}.w3"),
        ),
        config_names=(*LLAMA_CONFIG, ("experts", "num_local_experts")),
    ),
    Family(
        "qwen2_moe",
        "Qwen2MoeForCausalLM",
        (
            *_OUTSIDE,
            *_NORMS,
            *_ATTENTION,
            ("layers.{L}.router", "model.layers.{L}.mlp.gate"),
            ("layers.{L}.experts.{E}.gate", "model.layers.{L}.mlp.experts.{E}.gate_proj"),
            ("layers.{L}.experts.{E}.up", "model.layers.{L}.mlp.experts.{E}.up_proj"),
            ("layers.{L}.experts.{E}.down", "model.layers.{L}.mlp.experts.{E}.down_proj"),
            ("layers.{L}.shared.gate", "model.layers.{L}.mlp.shared_expert.gate_proj"),
            ("layers.{L}.shared.up", "model.layers.{L}.mlp.shared_expert.up_proj"),
            ("layers.{L}.shared.down", "model.layers.{L}.mlp.shared_expert.down_proj"),
            ("layers.{L}.shared_router", "model.layers.{L}.mlp.shared_expert_gate"),
        ),
        config_names=(
            *((size, field) for size, field in LLAMA_CONFIG if size != "units"),
            ("units", "moe_intermediate_size"),
            ("shared_units", "shared_expert_intermediate_size"),
            ("experts", "num_experts"),
        ),
    ),
    Family(
        "gpt2",
        "GPT2LMHeadModel",
        (
            ("embed", "transformer.wte"),
            ("positions", "transformer.wpe"),
            ("final_norm", "transformer.ln_f"),
            ("head", "lm_head"),
            ("layers.{L}.attn_norm", "transformer.h.{L}.ln_1"),
            ("layers.{L}.qkv", "transformer.h.{L}.attn.c_attn"),
            ("layers.{L}.o", "transformer.h.{L}.attn.c_proj"),
            ("layers.{L}.ffn_norm", "transformer.h.{L}.ln_2"),
            ("layers.{L}.up", "transformer.h.{L}.mlp.c_fc"),
            ("layers.{L}.down", "transformer.h.{L}.mlp.c_proj"),
        ),
        config_names=(
            ("hidden", "n_embd"),
            ("units", "n_inner"),
            ("layers", "n_layer"),
            ("heads", "n_head"),
            ("vocabulary", "vocab_size"),
        ),
        fusions=(QKV_BLOCKS,),
        transposed=frozenset({"qkv", "o", "up", "down"}),
    ),
    Family(
        "gpt_neox",
        "GPTNeoXForCausalLM",
        (
            ("embed", "gpt_neox.embed_in"),
            ("final_norm", "gpt_neox.final_layer_norm"),
            ("head", "embed_out"),
            ("layers.{L}.attn_norm", "gpt_neox.layers.{L}.input_layernorm"),
            ("layers.{L}.qkv", "gpt_neox.layers.{L}.attention.query_key_value"),
            ("layers.{L}.o", "gpt_neox.layers.{L}.attention.dense"),
            ("layers.{L}.ffn_norm", "gpt_neox.layers.{L}.post_attention_layernorm"),
            ("layers.{L}.up", "gpt_neox.layers.{L}.mlp.dense_h_to_4h"),
            ("layers.{L}.down", "gpt_neox.layers.{L}.mlp.dense_4h_to_h"),
        ),
        config_names=(
            ("hidden", "hidden_size"),
            ("units", "intermediate_size"),
            ("layers", "num_hidden_layers"),
            ("heads", "num_attention_heads"),
            ("vocabulary", "vocab_size"),
        ),
        fusions=(QKV_HEADS,),
    ),
)


def family_of(model_type: str) -> Family:
    """The family with this ``model_type``."""
    return next(family for family in FAMILIES if family.model_type == model_type)
