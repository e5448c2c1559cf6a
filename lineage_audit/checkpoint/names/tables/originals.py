"""What laboratories call tensors in files of their own: Meta, Mistral, InternLM, OpenAI."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

_META = Family(
    "Llama 1 to 3 as Meta released them, Mistral's consolidated files, InternLM 2",
    layers=("layers.{L}",),
    inside=(
        ("attention.wq", Fusion.Q_ADJACENT),
        ("attention.wk", Fusion.K_ADJACENT),
        ("attention.wv", Role.V),
        ("attention.wo", Role.O),
        ("attention.wqkv", Fusion.QKV_GROUPS),  # InternLM 2, rotary halves apart
        ("attention.inner_attention.rope.freqs", Role.BUFFER),
        ("feed_forward.w1", Role.GATE),
        ("feed_forward.w2", Role.DOWN),
        ("feed_forward.w3", Role.UP),
        ("feed_forward.gate", Role.ROUTER),  # Mixtral's consolidated files
        ("block_sparse_moe.w1", Fusion.FLAT_EXPERTS_GATE),  # the older ones
        ("block_sparse_moe.w3", Fusion.FLAT_EXPERTS_UP),
        ("block_sparse_moe.w2", Fusion.FLAT_EXPERTS_DOWN),
        ("feed_forward.experts.{E}.w1", Role.GATE),
        ("feed_forward.experts.{E}.w2", Role.DOWN),
        ("feed_forward.experts.{E}.w3", Role.UP),
        ("attention_norm", Role.ATTN_NORM),
        ("ffn_norm", Role.FFN_NORM),
    ),
    outside=(
        ("tok_embeddings", Role.EMBED),
        ("output", Role.LM_HEAD),
        ("rope.freqs", Role.BUFFER),
    ),
)

_OPENAI = Family(
    "gpt-oss as OpenAI released it",
    layers=("block.{L}",),
    inside=(
        ("attn.norm", Role.ATTN_NORM),
        ("attn.qkv", Fusion.QKV_BLOCKS),
        ("attn.out", Role.O),
        ("attn.sinks", Role.ATTN_SINK),
        ("mlp.norm", Role.FFN_NORM),
        ("mlp.gate", Role.ROUTER),
        ("mlp.mlp1_weight", Fusion.EXPERTS_GATE_UP),
        ("mlp.mlp1_bias", Fusion.EXPERTS_GATE_UP),
        ("mlp.mlp2_weight", Fusion.EXPERTS_DOWN),
        ("mlp.mlp2_bias", Fusion.EXPERTS_DOWN),
    ),
    outside=(
        ("embedding", Role.EMBED),
        ("unembedding", Role.LM_HEAD),
    ),
)

GGUF = Family(
    "any model in a GGUF file",
    layers=("blk.{L}",),
    inside=(
        ("attn_norm", Role.ATTN_NORM),
        ("attn_norm_2", Role.ATTN_NORM),
        ("attn_q", Fusion.Q_GGUF),
        ("attn_k", Fusion.K_GGUF),
        ("attn_v", Role.V),
        ("attn_qkv", Fusion.QKV_BLOCKS),
        ("attn_output", Role.O),
        ("attn_q_norm", Role.Q_NORM),
        ("attn_k_norm", Role.K_NORM),
        ("attn_sub_norm", Role.ATTN_SUB_NORM),
        ("attn_sinks", Role.ATTN_SINK),
        ("attn_output_norm", Role.POST_ATTN_NORM),
        ("post_attention_norm", Role.POST_ATTN_NORM),
        ("attn_q_a", Role.Q_A),
        ("attn_q_a_norm", Role.Q_A_NORM),
        ("attn_q_b", Role.Q_B),
        ("attn_kv_a_mqa", Fusion.KV_A_ROPE),
        ("attn_kv_a_norm", Role.KV_A_NORM),
        ("attn_kv_b", Fusion.K_B_V_B),
        ("attn_k_b", Fusion.HEADS_K_B),
        ("attn_v_b", Fusion.HEADS_V_B),
        ("ffn_norm", Role.FFN_NORM),
        ("ffn_gate", Role.GATE),
        ("ffn_up", Fusion.UP_OR_GATE_UP),
        ("ffn_down", Role.DOWN),
        ("ffn_sub_norm", Role.FFN_SUB_NORM),
        ("post_ffw_norm", Role.POST_FFN_NORM),
        ("layer_output_norm", Role.POST_FFN_NORM),
        ("ffn_gate_inp", Role.ROUTER),
        ("exp_probs_b", Role.ROUTER),
        ("ffn_gate.{E}", Role.GATE),
        ("ffn_up.{E}", Role.UP),
        ("ffn_down.{E}", Role.DOWN),
        ("ffn_gate_exps", Fusion.UPRIGHT_EXPERTS_GATE),
        ("ffn_up_exps", Fusion.UPRIGHT_EXPERTS_UP),
        ("ffn_down_exps", Fusion.UPRIGHT_EXPERTS_DOWN),
        ("ffn_gate_shexp", Role.SHARED_GATE),
        ("ffn_up_shexp", Role.SHARED_UP),
        ("ffn_down_shexp", Role.SHARED_DOWN),
        ("ffn_gate_inp_shexp", Role.SHARED_ROUTER),
        ("nextn.eh_proj", Role.MULTI_TOKEN),
        ("nextn.embed_tokens", Role.MULTI_TOKEN),
        ("nextn.enorm", Role.MULTI_TOKEN),
        ("nextn.hnorm", Role.MULTI_TOKEN),
        ("nextn.shared_head_head", Role.MULTI_TOKEN),
        ("nextn.shared_head_norm", Role.MULTI_TOKEN),
        ("rope_freqs", Role.BUFFER),
    ),
    outside=(
        ("token_embd", Role.EMBED),
        ("token_embd_norm", Role.EMBED_NORM),
        ("token_types", Role.TOKEN_TYPE_EMBED),
        ("position_embd", Role.POSITION_EMBED),
        ("output_norm", Role.FINAL_NORM),
        ("rope_freqs", Role.BUFFER),
        ("rope_factors_long", Role.BUFFER),
        ("rope_factors_short", Role.BUFFER),
    ),
)

FAMILIES = (_META, _OPENAI, GGUF)
