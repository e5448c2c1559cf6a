"""Encoders: BERT, RoBERTa, DistilBERT, ALBERT and the sentence encoders built on them."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

BERT = Family(
    "BERT, RoBERTa, XLM-R, ELECTRA, sentence-transformers",
    layers=("encoder.layer.{L}",),
    inside=(
        ("attention.self.query", Role.Q),
        ("attention.self.key", Role.K),
        ("attention.self.value", Role.V),
        ("attention.output.dense", Role.O),
        ("attention.output.LayerNorm", Role.POST_ATTN_NORM),
        ("intermediate.dense", Role.UP),
        ("output.dense", Role.DOWN),
        ("output.LayerNorm", Role.POST_FFN_NORM),
    ),
    outside=(
        ("embeddings.word_embeddings", Role.EMBED),
        ("embeddings.position_embeddings", Role.POSITION_EMBED),
        ("embeddings.token_type_embeddings", Role.TOKEN_TYPE_EMBED),
        ("embeddings.LayerNorm", Role.EMBED_NORM),
        ("embeddings.position_ids", Role.BUFFER),
        ("embeddings.token_type_ids", Role.BUFFER),
        ("pooler.dense", Role.POOLER),
        ("cls.predictions.transform.dense", Role.LM_TRANSFORM),
        ("cls.predictions.transform.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("cls.predictions.decoder", Role.LM_HEAD),
        ("cls.predictions", Role.LM_HEAD),  # cls.predictions.bias
        ("cls.seq_relationship", Role.CLASSIFIER),
        ("lm_head.dense", Role.LM_TRANSFORM),  # RoBERTa
        ("lm_head.layer_norm", Role.LM_TRANSFORM_NORM),
        ("lm_head.decoder", Role.LM_HEAD),
        ("embeddings_project", Role.EMBED_PROJECTION),  # ELECTRA
        ("generator_predictions.dense", Role.LM_TRANSFORM),
        ("generator_predictions.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("generator_lm_head", Role.LM_HEAD),
        ("discriminator_predictions.dense", Role.CLASSIFIER),
        ("discriminator_predictions.dense_prediction", Role.CLASSIFIER),
        ("classifier.dense", Role.CLASSIFIER),
        ("classifier.out_proj", Role.CLASSIFIER),
    ),
)

DISTILBERT = Family(
    "DistilBERT",
    layers=("layer.{L}",),
    inside=(
        ("attention.q_lin", Role.Q),
        ("attention.k_lin", Role.K),
        ("attention.v_lin", Role.V),
        ("attention.out_lin", Role.O),
        ("sa_layer_norm", Role.POST_ATTN_NORM),
        ("ffn.lin1", Role.UP),
        ("ffn.lin2", Role.DOWN),
        ("output_layer_norm", Role.POST_FFN_NORM),
    ),
    outside=(
        ("vocab_transform", Role.LM_TRANSFORM),
        ("vocab_layer_norm", Role.LM_TRANSFORM_NORM),
        ("vocab_projector", Role.LM_HEAD),
        ("pre_classifier", Role.CLASSIFIER),
    ),
)

ALBERT = Family(
    "ALBERT, whose layers share one set of weights",
    layers=("encoder.albert_layer_groups.{L}.albert_layers.0",),
    inside=(
        ("attention.query", Role.Q),
        ("attention.key", Role.K),
        ("attention.value", Role.V),
        ("attention.dense", Role.O),
        ("attention.LayerNorm", Role.POST_ATTN_NORM),
        ("ffn", Role.UP),
        ("ffn_output", Role.DOWN),
        ("full_layer_layer_norm", Role.POST_FFN_NORM),
    ),
    outside=(
        ("encoder.embedding_hidden_mapping_in", Role.EMBED_PROJECTION),
        ("pooler", Role.POOLER),
        ("predictions.dense", Role.LM_TRANSFORM),
        ("predictions.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("predictions.decoder", Role.LM_HEAD),
        ("predictions", Role.LM_HEAD),  # predictions.bias
        ("sop_classifier.classifier", Role.CLASSIFIER),
    ),
)

MODERNBERT = Family(
    "ModernBERT",
    layers=("layers.{L}",),
    inside=(
        ("attn.Wqkv", Fusion.QKV_BLOCKS),
        ("attn.Wo", Role.O),
        ("attn_norm", Role.ATTN_NORM),
        ("mlp_norm", Role.FFN_NORM),
        ("mlp.Wi", Fusion.GATE_UP),
        ("mlp.Wo", Role.DOWN),
    ),
    outside=(
        ("embeddings.tok_embeddings", Role.EMBED),
        ("embeddings.norm", Role.EMBED_NORM),
        ("final_norm", Role.FINAL_NORM),
        ("head.dense", Role.LM_TRANSFORM),
        ("head.norm", Role.LM_TRANSFORM_NORM),
        ("decoder", Role.LM_HEAD),
    ),
)

FAMILIES = (BERT, DISTILBERT, ALBERT, MODERNBERT)
