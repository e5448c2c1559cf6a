"""Latent attention: DeepSeek and what followed it."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

_LATENT_ATTENTION = Family(
    "DeepSeek V2 and V3, with V3's layer for multi-token prediction",
    layers=("layers.{L}", "blocks.{L}"),
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

_UNDER_ATTENTION = Family(
    "Bailing hybrid, Mistral Large 4: the same under shorter names",
    layers=("layers.{L}",),
    inside=(
        ("attention.q_a_proj", Role.Q_A),
        ("attention.q_a_layernorm", Role.Q_A_NORM),
        ("attention.q_b_proj", Role.Q_B),
        ("attention.kv_a_proj_with_mqa", Fusion.KV_A_ROPE),
        ("attention.kv_a_layernorm", Role.KV_A_NORM),
        ("attention.kv_b_proj", Fusion.K_B_V_B),
        ("attention.wq_a", Role.Q_A),
        ("attention.q_a_norm", Role.Q_A_NORM),
        ("attention.wq_b", Role.Q_B),
        ("attention.wkv_a_with_mqa", Fusion.KV_A_ROPE),
        ("attention.kv_a_norm", Role.KV_A_NORM),
        ("attention.wkv_b", Fusion.K_B_V_B),
    ),
)

_DEEPSEEK_4 = Family(
    "DeepSeek V4 as released",
    layers=("layers.{L}",),
    inside=(
        ("attn.wq_a", Role.Q_A),
        ("attn.q_norm", Role.Q_NORM),
        ("attn.wq_b", Role.Q_B),
        ("attn.wkv", Role.KV_A),
        ("attn.kv_norm", Role.KV_A_NORM),
        ("attn.wo_a", Role.O_A),
        ("attn.wo_b", Role.O_B),
        ("attn.attn_sink", Role.ATTN_SINK),
        ("attn_norm", Role.ATTN_NORM),
        ("ffn_norm", Role.FFN_NORM),
        ("ffn.gate", Role.ROUTER),
        ("ffn.gate.tid2eid", Role.BUFFER),
        ("ffn.experts.{E}.w1", Role.GATE),
        ("ffn.experts.{E}.w2", Role.DOWN),
        ("ffn.experts.{E}.w3", Role.UP),
        ("ffn.experts.gate_up_proj", Fusion.EXPERTS_GATE_UP),
        ("ffn.experts.down_proj", Fusion.EXPERTS_DOWN),
        ("ffn.shared_experts.w1", Role.SHARED_GATE),
        ("ffn.shared_experts.w2", Role.SHARED_DOWN),
        ("ffn.shared_experts.w3", Role.SHARED_UP),
        ("self_attn.q_a_norm", Role.Q_A_NORM),
        ("self_attn.kv_proj", Role.KV_A),
        ("self_attn.kv_norm", Role.KV_A_NORM),
        ("self_attn.o_a_proj", Role.O_A),
        ("self_attn.o_b_proj", Role.O_B),
    ),
    outside=(("embed", Role.EMBED), ("head", Role.LM_HEAD)),
)

FAMILIES = (_LATENT_ATTENTION, _UNDER_ATTENTION, _DEEPSEEK_4)
