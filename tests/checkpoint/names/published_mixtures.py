"""Tensor names of published mixtures of experts, as their repositories hold them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.checkpoint.names.listing import LLAMA_NORMS, Listing, Shape, llama_ends, llama_layers, without

MIXTRAL_HUB = Listing(
    "mistralai/Mixtral-8x7B-v0.1",
    {
        "model_type": "mixtral",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "num_hidden_layers": 32,
        "num_local_experts": 8,
        "vocab_size": 32000,
    },
    32,
    llama_ends(32000, 4096),
    {
        **without(llama_layers(4096, 14336, 1024, LLAMA_NORMS), "mlp"),
        "model.layers.{L}.block_sparse_moe.gate.weight": (8, 4096),
        "model.layers.{L}.block_sparse_moe.experts.{E}.w1.weight": (14336, 4096),
        "model.layers.{L}.block_sparse_moe.experts.{E}.w2.weight": (4096, 14336),
        "model.layers.{L}.block_sparse_moe.experts.{E}.w3.weight": (14336, 4096),
    },
    8,
)

QWEN3_MOE_HUB = Listing(
    "Qwen/Qwen3-30B-A3B",
    {
        "model_type": "qwen3_moe",
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "head_dim": 128,
        "num_hidden_layers": 48,
        "num_experts": 128,
        "moe_intermediate_size": 768,
        "vocab_size": 151936,
    },
    48,
    llama_ends(151936, 2048),
    {
        "model.layers.{L}.self_attn.q_proj.weight": (4096, 2048),
        "model.layers.{L}.self_attn.k_proj.weight": (512, 2048),
        "model.layers.{L}.self_attn.v_proj.weight": (512, 2048),
        "model.layers.{L}.self_attn.o_proj.weight": (2048, 4096),
        "model.layers.{L}.self_attn.q_norm.weight": (128,),
        "model.layers.{L}.self_attn.k_norm.weight": (128,),
        "model.layers.{L}.input_layernorm.weight": (2048,),
        "model.layers.{L}.post_attention_layernorm.weight": (2048,),
        "model.layers.{L}.mlp.gate.weight": (128, 2048),
        "model.layers.{L}.mlp.experts.{E}.gate_proj.weight": (768, 2048),
        "model.layers.{L}.mlp.experts.{E}.up_proj.weight": (768, 2048),
        "model.layers.{L}.mlp.experts.{E}.down_proj.weight": (2048, 768),
    },
    128,
)

GRANITE_MOE_HUB = Listing(
    "ibm-granite/granite-3.0-1b-a400m-base",
    {
        "model_type": "granitemoe",
        "hidden_size": 1024,
        "intermediate_size": 512,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "num_hidden_layers": 24,
        "num_local_experts": 32,
        "vocab_size": 49155,
    },
    24,
    without(llama_ends(49155, 1024), "lm_head"),
    {
        **without(llama_layers(1024, 512, 512, LLAMA_NORMS), "mlp"),
        "model.layers.{L}.block_sparse_moe.input_linear.weight": (32, 1024, 1024),
        "model.layers.{L}.block_sparse_moe.output_linear.weight": (32, 1024, 512),
        "model.layers.{L}.block_sparse_moe.router.layer.weight": (32, 1024),
    },
)

ERNIE_MOE_HUB = Listing(
    "baidu/ERNIE-4.5-21B-A3B-PT (mixture layers)",
    {
        "model_type": "ernie4_5_moe",
        "hidden_size": 2560,
        "intermediate_size": 12288,
        "num_attention_heads": 20,
        "num_key_value_heads": 4,
        "num_hidden_layers": 28,
        "moe_num_experts": 64,
        "vocab_size": 103424,
    },
    28,
    without(llama_ends(103424, 2560), "lm_head"),
    {
        **without(llama_layers(2560, 12288, 512, LLAMA_NORMS), "mlp"),
        "model.layers.{L}.mlp.gate.weight": (64, 2560),
        "model.layers.{L}.mlp.moe_statics.e_score_correction_bias": (1, 64),
        "model.layers.{L}.mlp.experts.{E}.gate_proj.weight": (1536, 2560),
        "model.layers.{L}.mlp.experts.{E}.up_proj.weight": (1536, 2560),
        "model.layers.{L}.mlp.experts.{E}.down_proj.weight": (2560, 1536),
        "model.layers.{L}.mlp.shared_experts.gate_proj.weight": (3072, 2560),
        "model.layers.{L}.mlp.shared_experts.up_proj.weight": (3072, 2560),
        "model.layers.{L}.mlp.shared_experts.down_proj.weight": (2560, 3072),
    },
    64,
)

DBRX = Listing(
    "databricks/dbrx-base",
    {"model_type": "dbrx", "d_model": 6144, "n_heads": 48, "n_layers": 40, "vocab_size": 100352},
    40,
    {"transformer.wte.weight": (100352, 6144), "transformer.norm_f.weight": (6144,), "lm_head.weight": (100352, 6144)},
    {
        "transformer.blocks.{L}.norm_attn_norm.norm_1.weight": (6144,),
        "transformer.blocks.{L}.norm_attn_norm.norm_2.weight": (6144,),
        "transformer.blocks.{L}.norm_attn_norm.attn.Wqkv.weight": (8192, 6144),
        "transformer.blocks.{L}.norm_attn_norm.attn.out_proj.weight": (6144, 6144),
        "transformer.blocks.{L}.ffn.router.layer.weight": (16, 6144),
        "transformer.blocks.{L}.ffn.experts.mlp.w1": (172032, 6144),
        "transformer.blocks.{L}.ffn.experts.mlp.v1": (172032, 6144),
        "transformer.blocks.{L}.ffn.experts.mlp.w2": (172032, 6144),
    },
)


def _deepseek_v3() -> Iterator[tuple[str, Shape]]:
    """The hub's names, with the layer for multi-token prediction and the FP8 scales."""
    hidden = 7168
    yield from llama_ends(129280, hidden).items()
    for layer in range(62):
        start = f"model.layers.{layer}."
        yield from (
            (start + "self_attn.q_a_proj.weight", (1536, hidden)),
            (start + "self_attn.q_a_layernorm.weight", (1536,)),
            (start + "self_attn.q_b_proj.weight", (24576, 1536)),
            (start + "self_attn.kv_a_proj_with_mqa.weight", (576, hidden)),
            (start + "self_attn.kv_a_layernorm.weight", (512,)),
            (start + "self_attn.kv_b_proj.weight", (32768, 512)),
            (start + "self_attn.o_proj.weight", (hidden, 16384)),
            (start + "input_layernorm.weight", (hidden,)),
            (start + "post_attention_layernorm.weight", (hidden,)),
        )
        if layer >= 3:
            yield start + "mlp.gate.weight", (256, hidden)
            yield start + "mlp.gate.e_score_correction_bias", (256,)
        ffns = ["shared_experts.", *(f"experts.{expert}." for expert in range(256))] if layer >= 3 else [""]
        units = 2048 if layer >= 3 else 18432
        for ffn in ffns:
            for name, shape in (("gate", (units, hidden)), ("up", (units, hidden)), ("down", (hidden, units))):
                yield f"{start}mlp.{ffn}{name}_proj.weight", shape
                yield f"{start}mlp.{ffn}{name}_proj.weight_scale_inv", (shape[0] // 128, shape[1] // 128)
    extra = "model.layers.61."
    yield extra + "embed_tokens.weight", (129280, hidden)
    yield extra + "enorm.weight", (hidden,)
    yield extra + "hnorm.weight", (hidden,)
    yield extra + "eh_proj.weight", (hidden, 2 * hidden)
    yield extra + "shared_head.norm.weight", (hidden,)
    yield extra + "shared_head.head.weight", (129280, hidden)


DEEPSEEK_V3_CONFIG: dict[str, object] = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "n_routed_experts": 256,
    "vocab_size": 129280,
}


def deepseek_v3_shapes() -> dict[str, Shape]:
    return dict(_deepseek_v3())


MIXTURES = (MIXTRAL_HUB, QWEN3_MOE_HUB, GRANITE_MOE_HUB, ERNIE_MOE_HUB, DBRX)
