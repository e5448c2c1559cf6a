"""Decoders named as Llama is in transformers: ``model.layers.N.self_attn.q_proj``."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

LLAMA = Family(
    "Llama 1 to 4, Yi, TigerBot, Baichuan, InternLM 1, Qwen 2 and 3, DeepSeek LLM, Mistral, ERNIE 4.5, Gemma, "
    "Phi, Granite, SmolLM, Starcoder 2, StableLM, OLMo, Cohere, GLM-4 (-hf)",
    layers=("layers.{L}",),
    inside=(
        ("self_attn.q_proj", Role.Q),
        ("self_attn.k_proj", Role.K),
        ("self_attn.v_proj", Role.V),
        ("self_attn.o_proj", Role.O),
        ("self_attn.qkv_proj", Fusion.QKV_BLOCKS),  # Phi 3
        ("self_attn.W_pack", Fusion.QKV_BLOCKS),  # Baichuan
        ("self_attn.query_key_value", Fusion.QKV_GROUPS),  # Persimmon
        ("self_attn.dense", Role.O),  # Phi 2, Persimmon
        ("self_attn.q_norm", Role.Q_NORM),
        ("self_attn.k_norm", Role.K_NORM),
        ("self_attn.q_layernorm", Role.Q_NORM),
        ("self_attn.k_layernorm", Role.K_NORM),
        ("self_attn.q_layernorm.norms.{H}", Role.Q_NORM),  # StableLM 2 12B, one norm a head
        ("self_attn.k_layernorm.norms.{H}", Role.K_NORM),
        ("self_attn.query_layernorm", Role.Q_NORM),
        ("self_attn.key_layernorm", Role.K_NORM),
        ("self_attn.attn_sub_norm", Role.ATTN_SUB_NORM),  # BitNet
        ("self_attn.sinks", Role.ATTN_SINK),  # gpt-oss
        ("self_attn.rotary_emb.inv_freq", Role.BUFFER),
        ("mlp.gate_proj", Role.GATE),
        ("mlp.up_proj", Role.UP),
        ("mlp.down_proj", Role.DOWN),
        ("mlp.gate_up_proj", Fusion.GATE_UP),  # Phi 3, GLM-4
        ("mlp.fc1", Role.UP),  # Phi 2
        ("mlp.fc2", Role.DOWN),
        ("mlp.c_fc", Role.UP),  # Starcoder 2
        ("mlp.c_proj", Role.DOWN),
        ("mlp.ffn_sub_norm", Role.FFN_SUB_NORM),
        ("input_layernorm", Role.ATTN_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
        ("ln1", Role.ATTN_NORM),  # Yi's first release
        ("ln2", Role.FFN_NORM),
        ("pre_feedforward_layernorm", Role.FFN_NORM),  # Gemma 2 and 3
        ("post_feedforward_layernorm", Role.POST_FFN_NORM),
        ("post_self_attn_layernorm", Role.POST_ATTN_NORM),  # GLM-4-0414
        ("post_mlp_layernorm", Role.POST_FFN_NORM),
    ),
    outside=(
        ("embed_tokens", Role.EMBED),
        ("norm", Role.FINAL_NORM),
        ("final_layernorm", Role.FINAL_NORM),
        ("lm_head", Role.LM_HEAD),
        ("rotary_emb.inv_freq", Role.BUFFER),
        ("rotary_emb.original_inv_freq", Role.BUFFER),
        ("score", Role.CLASSIFIER),
        ("classifier", Role.CLASSIFIER),
        ("qa_outputs", Role.CLASSIFIER),
        ("v_head.summary", Role.CLASSIFIER),
    ),
)

MIXTURES = Family(
    "Mixtral, Phi-MoE, Qwen MoE, OLMoE, ERNIE 4.5 MoE, DeepSeek MoE, gpt-oss, Llama 4, Granite MoE, Hunyuan",
    layers=("layers.{L}",),
    inside=(
        ("block_sparse_moe.gate", Role.ROUTER),
        ("block_sparse_moe.experts.{E}.w1", Role.GATE),
        ("block_sparse_moe.experts.{E}.w2", Role.DOWN),
        ("block_sparse_moe.experts.{E}.w3", Role.UP),
        ("block_sparse_moe.router.layer", Role.ROUTER),  # Granite
        ("block_sparse_moe.router", Role.ROUTER),
        ("block_sparse_moe.experts.gate_up_proj", Fusion.EXPERTS_GATE_UP),
        ("block_sparse_moe.experts.down_proj", Fusion.EXPERTS_DOWN),
        ("block_sparse_moe.input_linear", Fusion.EXPERTS_GATE_UP),
        ("block_sparse_moe.output_linear", Fusion.EXPERTS_DOWN),
        ("shared_mlp.input_linear", Fusion.SHARED_GATE_UP),
        ("shared_mlp.output_linear", Role.SHARED_DOWN),
        ("mlp.gate", Role.ROUTER),
        ("mlp.gate.wg", Role.ROUTER),  # Hunyuan
        ("mlp.gate.e_score_correction_bias", Role.ROUTER),  # DeepSeek V3
        ("mlp.moe_statics.e_score_correction_bias", Role.ROUTER),  # ERNIE 4.5
        ("mlp.gate.moe_statics.e_score_correction_bias", Role.ROUTER),
        ("mlp.router", Role.ROUTER),  # gpt-oss
        ("mlp.experts.{E}.gate_proj", Role.GATE),
        ("mlp.experts.{E}.up_proj", Role.UP),
        ("mlp.experts.{E}.down_proj", Role.DOWN),
        ("mlp.experts.gate_up_proj", Fusion.EXPERTS_GATE_UP),
        ("mlp.experts.gate_up_proj_bias", Fusion.EXPERTS_GATE_UP),
        ("mlp.experts.down_proj", Fusion.EXPERTS_DOWN),
        ("mlp.experts.down_proj_bias", Fusion.EXPERTS_DOWN),
        ("mlp.shared_expert.gate_proj", Role.SHARED_GATE),
        ("mlp.shared_expert.up_proj", Role.SHARED_UP),
        ("mlp.shared_expert.down_proj", Role.SHARED_DOWN),
        ("mlp.shared_expert_gate", Role.SHARED_ROUTER),
        ("mlp.shared_experts.gate_proj", Role.SHARED_GATE),
        ("mlp.shared_experts.up_proj", Role.SHARED_UP),
        ("mlp.shared_experts.down_proj", Role.SHARED_DOWN),
        ("mlp.shared_mlp.gate_proj", Role.SHARED_GATE),
        ("mlp.shared_mlp.up_proj", Role.SHARED_UP),
        ("mlp.shared_mlp.down_proj", Role.SHARED_DOWN),
        ("feed_forward.gate_proj", Role.GATE),  # Llama 4's dense layers
        ("feed_forward.up_proj", Role.UP),
        ("feed_forward.down_proj", Role.DOWN),
        ("feed_forward.router", Role.ROUTER),
        ("feed_forward.experts.gate_up_proj", Fusion.EXPERTS_GATE_UP),
        ("feed_forward.experts.down_proj", Fusion.EXPERTS_DOWN),
        ("feed_forward.experts.{E}.gate_proj", Role.GATE),
        ("feed_forward.experts.{E}.up_proj", Role.UP),
        ("feed_forward.experts.{E}.down_proj", Role.DOWN),
        ("feed_forward.shared_expert.gate_proj", Role.SHARED_GATE),
        ("feed_forward.shared_expert.up_proj", Role.SHARED_UP),
        ("feed_forward.shared_expert.down_proj", Role.SHARED_DOWN),
    ),
)

LATENT_ATTENTION = Family(
    "DeepSeek V2 and V3, with V3's layer for multi-token prediction",
    layers=("layers.{L}",),
    inside=(
        ("self_attn.q_a_proj", Role.Q_A),
        ("self_attn.q_a_layernorm", Role.Q_A_NORM),
        ("self_attn.q_b_proj", Role.Q_B),
        ("self_attn.kv_a_proj_with_mqa", Fusion.KV_A_ROPE),
        ("self_attn.kv_a_layernorm", Role.KV_A_NORM),
        ("self_attn.kv_b_proj", Fusion.K_B_V_B),
        ("embed_tokens", Role.MULTI_TOKEN),
        ("enorm", Role.MULTI_TOKEN),
        ("hnorm", Role.MULTI_TOKEN),
        ("eh_proj", Role.MULTI_TOKEN),
        ("shared_head.norm", Role.MULTI_TOKEN),
        ("shared_head.head", Role.MULTI_TOKEN),
    ),
)

OPT = Family(
    "OPT",
    layers=("decoder.layers.{L}",),
    inside=(
        ("self_attn.q_proj", Role.Q),
        ("self_attn.k_proj", Role.K),
        ("self_attn.v_proj", Role.V),
        ("self_attn.out_proj", Role.O),
        ("self_attn_layer_norm", Role.ATTN_NORM),
        ("fc1", Role.UP),
        ("fc2", Role.DOWN),
        ("final_layer_norm", Role.FFN_NORM),
    ),
    outside=(
        ("decoder.embed_tokens", Role.EMBED),
        ("decoder.embed_positions", Role.POSITION_EMBED),
        ("decoder.project_in", Role.EMBED_PROJECTION),
        ("decoder.project_out", Role.LM_TRANSFORM),
        ("decoder.final_layer_norm", Role.FINAL_NORM),
    ),
)

FAMILIES = (LLAMA, MIXTURES, LATENT_ATTENTION, OPT)
