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

FAMILIES = (_META, _OPENAI)
