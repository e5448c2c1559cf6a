"""Decoders in the namings of GPT-2, GPT-NeoX and their heirs: ``transformer.h.N``, ``gpt_neox.layers.N``."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

GPT2 = Family(
    "GPT-2, GPTBigCode, GPT-J, CodeGen, GPT-Neo, Qwen 1, Exaone, Phi 1",
    layers=("h.{L}",),
    inside=(
        ("ln_1", Role.ATTN_NORM),
        ("ln_2", Role.FFN_NORM),
        ("attn.c_attn", Fusion.QKV_C_ATTN),
        ("attn.c_proj", Role.O),
        ("attn", Role.BUFFER),  # attn.bias is the causal mask
        ("attn.masked_bias", Role.BUFFER),
        ("mlp.c_fc", Role.UP),
        ("mlp.c_proj", Role.DOWN),
        ("mlp.w1", Role.UP),  # Qwen 1 gates w1 with silu(w2)
        ("mlp.w2", Role.GATE),
        ("attn.q_proj", Role.Q),  # GPT-J
        ("attn.k_proj", Role.K),
        ("attn.v_proj", Role.V),
        ("attn.out_proj", Role.O),
        ("attn.qkv_proj", Fusion.QKV_CODEGEN),
        ("attn.causal_mask", Role.BUFFER),
        ("mlp.fc_in", Role.UP),
        ("mlp.fc_out", Role.DOWN),
        ("attn.attention", Role.BUFFER),  # GPT-Neo, Exaone
        ("attn.attention.masked_bias", Role.BUFFER),
        ("attn.attention.q_proj", Role.Q),
        ("attn.attention.k_proj", Role.K),
        ("attn.attention.v_proj", Role.V),
        ("attn.attention.out_proj", Role.O),
        ("mlp.c_fc_0", Role.GATE),
        ("mlp.c_fc_1", Role.UP),
        ("ln", Role.ATTN_NORM),  # Phi 1 and 2 as first released
        ("mixer.Wqkv", Fusion.QKV_BLOCKS),
        ("mixer.out_proj", Role.O),
        ("mlp.fc1", Role.UP),
        ("mlp.fc2", Role.DOWN),
    ),
    outside=(
        ("wte", Role.EMBED),
        ("wpe", Role.POSITION_EMBED),
        ("embd.wte", Role.EMBED),
        ("ln_f", Role.FINAL_NORM),
        ("lm_head.ln", Role.FINAL_NORM),
        ("lm_head.linear", Role.LM_HEAD),
    ),
)

_FALCON_AND_BLOOM = Family(
    "Falcon (rw, 7B, 40B, 180B), BLOOM",
    layers=("h.{L}",),
    inside=(
        ("self_attention.query_key_value", Fusion.QKV_GROUPS),
        ("self_attention.dense", Role.O),
        ("mlp.dense_h_to_4h", Role.UP),
        ("mlp.dense_4h_to_h", Role.DOWN),
        ("input_layernorm", Role.ATTN_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
        ("ln_attn", Role.ATTN_NORM),
        ("ln_mlp", Role.FFN_NORM),
    ),
    outside=(
        ("word_embeddings", Role.EMBED),
        ("word_embeddings_layernorm", Role.EMBED_NORM),
    ),
)

_GPT_NEOX = Family(
    "GPT-NeoX, Pythia, ChatGLM 1",
    layers=("layers.{L}",),
    inside=(
        ("attention.query_key_value", Fusion.QKV_GROUPS),
        ("attention.dense", Role.O),
        ("attention", Role.BUFFER),  # attention.bias is the causal mask
        ("attention.masked_bias", Role.BUFFER),
        ("attention.rotary_emb.inv_freq", Role.BUFFER),
        ("mlp.dense_h_to_4h", Role.UP),
        ("mlp.dense_4h_to_h", Role.DOWN),
    ),
    outside=(
        ("embed_in", Role.EMBED),
        ("final_layer_norm", Role.FINAL_NORM),
        ("embed_out", Role.LM_HEAD),
    ),
)

_CHATGLM = Family(
    "ChatGLM 2 and 3, GLM-4 as THUDM released them",
    layers=("encoder.layers.{L}",),
    inside=(
        ("self_attention.query_key_value", Fusion.QKV_GLM),
        ("self_attention.dense", Role.O),
        ("mlp.dense_h_to_4h", Fusion.GATE_UP),
        ("mlp.dense_4h_to_h", Role.DOWN),
        ("input_layernorm", Role.ATTN_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
    ),
    outside=(
        ("embedding.word_embeddings", Role.EMBED),
        ("encoder.final_layernorm", Role.FINAL_NORM),
        ("output_layer", Role.LM_HEAD),
        ("rotary_pos_emb.inv_freq", Role.BUFFER),
    ),
)

BLOCKS = Family(
    "MPT, DBRX, OLMo 1 as first released",
    layers=("blocks.{L}",),
    inside=(
        ("attn.Wqkv", Fusion.QKV_BLOCKS),
        ("attn.out_proj", Role.O),
        ("attn.q_ln", Role.Q_NORM),
        ("attn.k_ln", Role.K_NORM),
        ("ffn.up_proj", Role.UP),
        ("ffn.down_proj", Role.DOWN),
        ("norm_1", Role.ATTN_NORM),
        ("norm_2", Role.FFN_NORM),
        ("norm_attn_norm.attn.Wqkv", Fusion.QKV_BLOCKS),  # DBRX
        ("norm_attn_norm.attn.out_proj", Role.O),
        ("norm_attn_norm.norm_1", Role.ATTN_NORM),
        ("norm_attn_norm.norm_2", Role.FFN_NORM),
        ("ffn.router.layer", Role.ROUTER),
        ("ffn.experts.mlp.w1", Fusion.FLAT_EXPERTS_GATE),
        ("ffn.experts.mlp.v1", Fusion.FLAT_EXPERTS_UP),
        ("ffn.experts.mlp.w2", Fusion.FLAT_EXPERTS_DOWN),
        ("att_proj", Fusion.QKV_BLOCKS),  # OLMo 1
        ("attn_out", Role.O),
        ("ff_proj", Fusion.UP_GATE),
        ("ff_out", Role.DOWN),
        ("attn_norm", Role.ATTN_NORM),
        ("ff_norm", Role.FFN_NORM),
    ),
    outside=(
        ("norm_f", Role.FINAL_NORM),
        ("ff_out", Role.LM_HEAD),
    ),
)

FAMILIES = (GPT2, _FALCON_AND_BLOOM, _GPT_NEOX, _CHATGLM, BLOCKS)
