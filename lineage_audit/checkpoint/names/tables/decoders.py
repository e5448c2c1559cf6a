"""Decoders named as Llama is in transformers: ``model.layers.N.self_attn.q_proj``."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

LLAMA = Family(
    "Llama 1 to 4, Yi, TigerBot, Baichuan, InternLM 1, Qwen 2 and 3, DeepSeek LLM, Mistral, ERNIE 4.5, Gemma, "
    "Phi, Granite, SmolLM, Starcoder 2, StableLM, OLMo, Cohere, GLM-4 (-hf)",
    layers=("layers.{L}", "blocks.{L}"),
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
        ("self_attn.gate_proj", Role.ATTN_GATE),  # AFMoE, LFM 3
        ("self_attn.g_proj", Role.ATTN_GATE),
        ("self_attn.attn_gate", Role.ATTN_GATE),
        ("self_attn.to_q", Role.Q),  # Cosmos 3
        ("self_attn.to_k", Role.K),
        ("self_attn.to_v", Role.V),
        ("self_attn.to_out", Role.O),
        ("self_attn.norm_q", Role.Q_NORM),
        ("self_attn.norm_k", Role.K_NORM),
        ("self_attn.gate_bias", Role.ATTN_PART),
        ("self_attn.dt_proj", Role.ATTN_PART),  # Doge
        ("self_attn.A", Role.ATTN_PART),
        ("self_attn.sqk", Role.MODULATION),  # Dory
        ("self_attn.s_gate", Role.MODULATION),
        ("self_attn.r_proj", Role.RELATIVE_POSITION),  # Inkling
        ("self_attn.lambda_q1", Role.ATTN_PART),  # DiffLlama
        ("self_attn.lambda_q2", Role.ATTN_PART),
        ("self_attn.lambda_k1", Role.ATTN_PART),
        ("self_attn.lambda_k2", Role.ATTN_PART),
        ("self_attn.rotary_emb.inv_freq", Role.BUFFER),
        ("mlp.gate_proj", Role.GATE),
        ("mlp.up_proj", Role.UP),
        ("mlp.down_proj", Role.DOWN),
        ("mlp.gate_up_proj", Fusion.GATE_UP),  # Phi 3, GLM-4
        ("mlps.gate_proj", Role.GATE),  # LongCat
        ("mlps.up_proj", Role.UP),
        ("mlps.down_proj", Role.DOWN),
        ("mlp.fc1", Role.UP),  # Phi 2
        ("mlp.fc2", Role.DOWN),
        ("mlp.c_fc", Role.UP),  # Starcoder 2
        ("mlp.c_proj", Role.DOWN),
        ("mlp.ffn_sub_norm", Role.FFN_SUB_NORM),
        ("input_layernorm", Role.ATTN_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
        ("attention_layernorm", Role.ATTN_NORM),  # Apertus
        ("feedforward_layernorm", Role.FFN_NORM),
        ("ln1", Role.ATTN_NORM),  # Yi's first release
        ("ln2", Role.FFN_NORM),
        ("pre_feedforward_layernorm", Role.FFN_NORM),  # Gemma 2 and 3
        ("post_feedforward_layernorm", Role.POST_FFN_NORM),
        ("post_self_attn_layernorm", Role.POST_ATTN_NORM),  # GLM-4-0414
        ("post_mlp_layernorm", Role.POST_FFN_NORM),
        ("pre_mlp_layernorm", Role.FFN_NORM),  # AFMoE
        ("pre_feedforward_layernorm_2", Role.FFN_PART),  # Gemma 4's experts beside its FFN
        ("post_feedforward_layernorm_1", Role.FFN_PART),
        ("post_feedforward_layernorm_2", Role.FFN_PART),
        ("mlp.suv_gate", Role.MODULATION),
        ("mlp.suv_up", Role.MODULATION),
        ("linear", Role.HYPER_CONNECTION),  # Zamba, from the shared block into the layer
        ("shared_transf.self_attn.q_proj", Role.Q),
        ("shared_transf.self_attn.k_proj", Role.K),
        ("shared_transf.self_attn.v_proj", Role.V),
        ("shared_transf.self_attn.o_proj", Role.O),
        ("shared_transf.feed_forward.gate_proj", Role.GATE),
        ("shared_transf.feed_forward.up_proj", Role.UP),
        ("shared_transf.feed_forward.gate_up_proj", Fusion.GATE_UP),
        ("shared_transf.feed_forward.down_proj", Role.DOWN),
        ("shared_transf.input_layernorm", Role.ATTN_PART),
        ("shared_transf.pre_ff_layernorm", Role.FFN_PART),
        ("shared_transformer.self_attn.q_proj", Role.Q),
        ("shared_transformer.self_attn.k_proj", Role.K),
        ("shared_transformer.self_attn.v_proj", Role.V),
        ("shared_transformer.self_attn.o_proj", Role.O),
        ("shared_transformer.feed_forward.gate_up_proj", Fusion.GATE_UP),
        ("shared_transformer.feed_forward.down_proj", Role.DOWN),
        ("shared_transformer.input_layernorm", Role.ATTN_PART),
        ("shared_transformer.pre_ff_layernorm", Role.FFN_PART),
        ("cross_attn.q_norm", Role.CROSS_Q_NORM),  # Mllama
        ("cross_attn.k_norm", Role.CROSS_K_NORM),
    ),
    outside=(
        ("embed_tokens", Role.EMBED),
        ("norm", Role.FINAL_NORM),
        ("final_layernorm", Role.FINAL_NORM),
        ("lm_head", Role.LM_HEAD),
        ("rotary_emb.inv_freq", Role.BUFFER),
        ("rotary_emb.original_inv_freq", Role.BUFFER),
        ("score", Role.CLASSIFIER),
        ("out_proj", Role.CLASSIFIER),  # a reward model's
        ("classifier", Role.CLASSIFIER),
        ("qa_outputs", Role.CLASSIFIER),
        ("v_head.summary", Role.CLASSIFIER),
        ("lm_head.logit_scale", Role.MODULATION),
    ),
)

MIXTURES = Family(
    "Mixtral, Phi-MoE, Qwen MoE, OLMoE, ERNIE 4.5 MoE, DeepSeek MoE, gpt-oss, Llama 4, Granite MoE, Hunyuan",
    layers=("layers.{L}", "blocks.{L}"),
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
        ("block_sparse_moe.gate.e_score_correction_bias", Role.ROUTER),  # Kimi Linear
        ("block_sparse_moe.shared_experts.gate_proj", Role.SHARED_GATE),
        ("block_sparse_moe.shared_experts.up_proj", Role.SHARED_UP),
        ("block_sparse_moe.shared_experts.down_proj", Role.SHARED_DOWN),
        ("mlp.experts.e_score_correction_bias", Role.ROUTER),
        ("mlp.router.e_score_correction_bias", Role.ROUTER),
        ("mlp.router.gate", Role.ROUTER),
        ("mlp.router.classifier", Role.ROUTER),  # LongCat
        ("mlp.expert_bias", Role.ROUTER),
        ("mlp.gate.expert_bias", Role.ROUTER),
        ("mlp.gate.global_scale", Role.ROUTER_PART),
        ("mlp.gate.balancing_biases", Role.ROUTER_PART),
        ("mlp.gate.bias", Role.ROUTER_PART),
        ("mlp.experts.fc1", Fusion.EXPERTS_GATE_UP),  # Aria
        ("mlp.experts.fc2", Fusion.EXPERTS_DOWN),
        ("mlp.input_linear", Fusion.EXPERTS_GATE_UP),  # JetMoE
        ("mlp.output_linear", Fusion.EXPERTS_DOWN),
        ("mlp.router.layer", Role.ROUTER),
        ("mlp", Role.FFN_PART),  # mlp.bias, added after JetMoE's experts
        ("self_attention.experts.input_linear", Role.ATTN_PART),  # each expert's queries
        ("self_attention.experts.output_linear", Role.ATTN_PART),
        ("self_attention.experts.router.layer", Role.ATTN_PART),
        ("self_attention.experts", Role.ATTN_PART),
        ("self_attention.kv_proj", Role.ATTN_PART),
        ("moe.gate", Role.ROUTER),  # Step 3
        ("moe.router_bias", Role.ROUTER),
        ("moe.gate_proj", Fusion.UPRIGHT_EXPERTS_GATE),
        ("moe.up_proj", Fusion.UPRIGHT_EXPERTS_UP),
        ("moe.down_proj", Fusion.UPRIGHT_EXPERTS_DOWN),
        ("share_expert.gate_proj", Role.SHARED_GATE),
        ("share_expert.up_proj", Role.SHARED_UP),
        ("share_expert.down_proj", Role.SHARED_DOWN),
        ("experts.gate_up_proj", Fusion.EXPERTS_GATE_UP),  # Gemma 4
        ("experts.down_proj", Fusion.EXPERTS_DOWN),
        ("router.proj", Role.ROUTER),
        ("router.scale", Role.ROUTER_PART),
        ("router.per_expert_scale", Role.ROUTER_PART),
    ),
)

FAMILIES = (LLAMA, MIXTURES)
