"""What Megatron calls tensors, in its files and NeMo's: the norm before a matrix may stand under the matrix's name."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

_CORE = Family(
    "Megatron Core, NeMo",
    layers=("decoder.layers.{L}",),
    inside=(
        ("input_layernorm", Role.ATTN_NORM),
        ("self_attention.linear_qkv", Fusion.QKV_GROUPS),
        ("self_attention.linear_qkv.layer_norm_weight", Role.ATTN_NORM),
        ("self_attention.linear_qkv.layer_norm_bias", Role.ATTN_NORM),
        ("self_attention.linear_proj", Role.O),
        ("self_attention.q_layernorm", Role.Q_NORM),
        ("self_attention.k_layernorm", Role.K_NORM),
        ("self_attention.linear_q_down_proj", Role.Q_A),
        ("self_attention.linear_q_up_proj", Role.Q_B),
        ("self_attention.linear_q_up_proj.layer_norm_weight", Role.Q_A_NORM),
        ("self_attention.linear_kv_down_proj", Fusion.KV_A_ROPE),
        ("self_attention.linear_kv_up_proj", Fusion.K_B_V_B),
        ("self_attention.linear_kv_up_proj.layer_norm_weight", Role.KV_A_NORM),
        ("self_attention.kv_layernorm", Role.KV_A_NORM),
        ("pre_mlp_layernorm", Role.FFN_NORM),
        ("mlp.linear_fc1.layer_norm_weight", Role.FFN_NORM),
        ("mlp.linear_fc1.layer_norm_bias", Role.FFN_NORM),
        ("mlp.linear_fc1", Fusion.UP_OR_GATE_UP),
        ("mlp.linear_fc2", Role.DOWN),
        ("mlp.router", Role.ROUTER),
        ("mlp.router.expert_bias", Role.ROUTER),
        ("mlp.experts.local_experts.{E}.linear_fc1", Fusion.UP_OR_GATE_UP),
        ("mlp.experts.local_experts.{E}.linear_fc2", Role.DOWN),
        ("mlp.experts.experts.linear_fc1", Fusion.EXPERTS_GATE_UP),  # stacked, in distributed checkpoints
        ("mlp.experts.experts.linear_fc2", Fusion.EXPERTS_DOWN),
        ("mlp.shared_experts.linear_fc1", Fusion.SHARED_GATE_UP),
        ("mlp.shared_experts.linear_fc2", Role.SHARED_DOWN),
        ("mlp.shared_experts.gate_weight", Role.SHARED_ROUTER),
    ),
    outside=(
        ("embedding.word_embeddings", Role.EMBED),
        ("embedding.position_embeddings", Role.POSITION_EMBED),
        ("decoder.final_layernorm", Role.FINAL_NORM),
        ("output_layer", Role.LM_HEAD),
    ),
)

_BEFORE_CORE = Family(
    "Megatron-LM before its core",
    layers=("encoder.layers.{L}", "transformer.layers.{L}"),
    inside=(("input_norm", Role.ATTN_NORM), ("post_attention_norm", Role.FFN_NORM)),
    outside=(("encoder.final_norm", Role.FINAL_NORM),),
)

FAMILIES = (_CORE, _BEFORE_CORE)
