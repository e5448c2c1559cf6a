"""Encoders and decoders apart: BART and T5 and what was made after them, Whisper, ProphetNet, Pix2Struct.

``placement.py`` tells the stacks apart; a decoder's second attention reads the encoder.
"""

from __future__ import annotations

from lineage_audit.checkpoint.names.tables.family import Entries, Family
from lineage_audit.checkpoint.roles import Role

_ATTENTIONS = (
    ("self_attn", (Role.Q, Role.K, Role.V, Role.O)),
    ("encoder_attn", (Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O)),
    ("cross_attention", (Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O)),
    ("cross_attn", (Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O)),
)
_SPELLINGS = (("q_proj", "query_proj"), ("k_proj", "key_proj"), ("v_proj", "value_proj"), ("out_proj", "o_proj"))
_PROJECTIONS: Entries = tuple(
    (f"{module}.{name}", role)
    for module, roles in _ATTENTIONS
    for names, role in zip(_SPELLINGS, roles, strict=True)
    for name in names
)

_BART = Family(
    "BART, mBART, Marian, Pegasus, Blenderbot, M2M100, NLLB, Whisper, OPT, XGLM, ProphetNet, T5Gemma",
    layers=("decoder.layers.{L}", "encoder.layers.{L}", "layers.{L}"),
    inside=(
        *_PROJECTIONS,
        ("self_attn_layer_norm", Role.ATTN_NORM),
        ("encoder_attn_layer_norm", Role.CROSS_NORM),
        ("cross_attention_layer_norm", Role.CROSS_NORM),
        ("cross_attn_layer_norm", Role.CROSS_NORM),
        ("final_layer_norm", Role.FFN_NORM),
        ("fc1", Role.UP),
        ("fc2", Role.DOWN),
        ("ffn.fc1", Role.UP),  # NLLB-MoE, SeamlessM4T
        ("ffn.fc2", Role.DOWN),
        ("ff_layer_norm", Role.FFN_NORM),
        ("ffn_layer_norm", Role.FFN_NORM),
        ("ffn.router.classifier", Role.ROUTER),
        ("ffn.experts.expert_{E}.fc1", Role.UP),
        ("ffn.experts.expert_{E}.fc2", Role.DOWN),
        ("self_attn.self.query", Role.Q),  # BigBird-Pegasus
        ("self_attn.self.key", Role.K),
        ("self_attn.self.value", Role.V),
        ("self_attn.output", Role.O),
        ("self_attn.longformer_self_attn.query", Role.Q),  # LED
        ("self_attn.longformer_self_attn.key", Role.K),
        ("self_attn.longformer_self_attn.value", Role.V),
        ("self_attn.longformer_self_attn.query_global", Role.ATTN_PART),
        ("self_attn.longformer_self_attn.key_global", Role.ATTN_PART),
        ("self_attn.longformer_self_attn.value_global", Role.ATTN_PART),
        ("ngram_self_attn.query_proj", Role.Q),  # ProphetNet
        ("ngram_self_attn.key_proj", Role.K),
        ("ngram_self_attn.value_proj", Role.V),
        ("ngram_self_attn.out_proj", Role.O),
        ("self_attn.relative_pos_embeddings", Role.RELATIVE_POSITION),
        ("ngram_self_attn.relative_pos_embeddings", Role.RELATIVE_POSITION),
        ("feed_forward.intermediate", Role.UP),
        ("feed_forward.output", Role.DOWN),
        ("feed_forward_layer_norm", Role.POST_FFN_NORM),
        ("pre_self_attn_layernorm", Role.ATTN_NORM),  # T5Gemma
        ("post_self_attn_layernorm", Role.POST_ATTN_NORM),
        ("pre_cross_attn_layernorm", Role.CROSS_NORM),
        ("post_cross_attn_layernorm", Role.POST_CROSS_NORM),
        ("pre_feedforward_layernorm", Role.FFN_NORM),
        ("post_feedforward_layernorm", Role.POST_FFN_NORM),
        ("mlp.gate_proj", Role.GATE),
        ("mlp.up_proj", Role.UP),
        ("mlp.down_proj", Role.DOWN),
        ("self_attn.q_norm", Role.Q_NORM),
        ("self_attn.k_norm", Role.K_NORM),
    ),
    outside=(
        ("shared", Role.EMBED),
        *(
            (f"{stack}.{name}", role)
            for stack in ("decoder", "encoder")
            for name, role in (
                ("embed_tokens", Role.EMBED),
                ("embed_tokens.embedding_projection", Role.EMBED_PROJECTION),
                ("embed_positions", Role.POSITION_EMBED),
                ("position_embeddings", Role.POSITION_EMBED),
                ("word_embeddings", Role.EMBED),
                ("project_in", Role.EMBED_PROJECTION),
                ("project_out", Role.LM_TRANSFORM),
                ("layernorm_embedding", Role.EMBED_NORM),
                ("embeddings_layer_norm", Role.EMBED_NORM),
                ("final_layer_norm", Role.FINAL_NORM),
                ("final_layernorm", Role.FINAL_NORM),
                ("layer_norm", Role.FINAL_NORM),
                ("norm", Role.FINAL_NORM),
                ("conv1", Role.PATCH_EMBED),  # Whisper reads spectra
                ("conv2", Role.PATCH_EMBED),
                ("ngram_embeddings", Role.POSITION_PART),
            )
        ),
        ("embed_positions", Role.POSITION_EMBED),
        ("layer_norm", Role.FINAL_NORM),
        ("proj_out", Role.LM_HEAD),  # Whisper
        ("final_logits_bias", Role.BUFFER),
        ("lm_head.out_proj", Role.LM_HEAD),
    ),
)

_T5_ATTENTION: Entries = (
    *((f"{kind}.{name}", role)
      for kind in ("SelfAttention", "LocalSelfAttention", "TransientGlobalSelfAttention")
      for name, role in (
          ("q", Role.Q), ("k", Role.K), ("v", Role.V), ("o", Role.O),
          ("relative_attention_bias", Role.RELATIVE_POSITION),
          ("global_relative_attention_bias", Role.RELATIVE_POSITION),
          ("global_input_layer_norm", Role.ATTN_PART),
      )),
    ("layer_norm", Role.ATTN_NORM),
)  # fmt: skip
_T5_CROSS: Entries = (
    ("EncDecAttention.q", Role.CROSS_Q),
    ("EncDecAttention.k", Role.CROSS_K),
    ("EncDecAttention.v", Role.CROSS_V),
    ("EncDecAttention.o", Role.CROSS_O),
    ("EncDecAttention.relative_attention_bias", Role.RELATIVE_POSITION),
    ("layer_norm", Role.CROSS_NORM),
)
_T5_FFN: Entries = (
    ("DenseReluDense.wi", Role.UP),
    ("DenseReluDense.wi_0", Role.GATE),
    ("DenseReluDense.wi_1", Role.UP),
    ("DenseReluDense.wo", Role.DOWN),
    ("mlp.wi", Role.UP),  # Switch
    ("mlp.wo", Role.DOWN),
    ("mlp.router.classifier", Role.ROUTER),
    ("mlp.experts.expert_{E}.wi", Role.UP),
    ("mlp.experts.expert_{E}.wo", Role.DOWN),
    ("layer_norm", Role.FFN_NORM),
)


def _at(position: int, entries: Entries) -> Entries:
    """The entries of one of a block's two or three sublayers."""
    return tuple((f"layer.{position}.{name}", role) for name, role in entries)


_T5_ENCODER = Family(
    "T5, mT5, umT5, LongT5, Switch, UDOP: encoder",
    layers=("encoder.block.{L}",),
    inside=(*_at(0, _T5_ATTENTION), *_at(1, _T5_FFN)),
    outside=(
        ("encoder.relative_bias.biases.0.relative_attention_bias", Role.RELATIVE_POSITION),
        ("encoder.embed_patches.proj", Role.PATCH_EMBED),
        ("patch_embed.proj", Role.PATCH_EMBED),
        ("encoder.cell_2d_embedding.x_position_embeddings", Role.POSITION_PART),
        ("encoder.cell_2d_embedding.y_position_embeddings", Role.POSITION_PART),
    ),
)

_T5_DECODER = Family(
    "T5, mT5, umT5, LongT5, Switch, UDOP: decoder",
    layers=("decoder.block.{L}", "block.{L}"),
    inside=(*_at(0, _T5_ATTENTION), *_at(1, _T5_CROSS), *_at(2, _T5_FFN)),
)

PIX2STRUCT = Family(
    "Pix2Struct",
    layers=("decoder.layer.{L}",),
    inside=(
        *((f"{module}.attention.{name}", role)
          for module, roles in (
              ("self_attention", (Role.Q, Role.K, Role.V, Role.O)),
              ("encoder_decoder_attention", (Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O)),
          )
          for name, role in zip(("query", "key", "value", "output"), roles, strict=True)),
        ("self_attention.layer_norm", Role.ATTN_NORM),
        ("encoder_decoder_attention.layer_norm", Role.CROSS_NORM),
        ("mlp.layer_norm", Role.FFN_NORM),
        ("mlp.DenseReluDense.wi_0", Role.GATE),
        ("mlp.DenseReluDense.wi_1", Role.UP),
        ("mlp.DenseReluDense.wo", Role.DOWN),
    ),
    outside=(("decoder.lm_head", Role.LM_HEAD),),
)  # fmt: skip

_PIX2STRUCT_ENCODER = Family(
    "Pix2Struct: encoder",
    layers=("encoder.layer.{L}",),
    inside=(
        ("attention.query", Role.Q),
        ("attention.key", Role.K),
        ("attention.value", Role.V),
        ("attention.output", Role.O),
        ("pre_attention_layer_norm", Role.ATTN_NORM),
        ("pre_mlp_layer_norm", Role.FFN_NORM),
        ("mlp.wi_0", Role.GATE),
        ("mlp.wi_1", Role.UP),
        ("mlp.wo", Role.DOWN),
    ),
    outside=(("encoder.embeddings.patch_projection", Role.PATCH_EMBED),
             ("encoder.embeddings.row_embedder", Role.POSITION_EMBED),
             ("encoder.embeddings.column_embedder", Role.POSITION_PART)),
)  # fmt: skip

FAMILIES = (_BART, _T5_ENCODER, _T5_DECODER, PIX2STRUCT, _PIX2STRUCT_ENCODER)
