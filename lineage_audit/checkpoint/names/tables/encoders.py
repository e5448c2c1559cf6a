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
        ("attention.self.query_global", Role.ATTN_PART),  # Longformer
        ("attention.self.key_global", Role.ATTN_PART),
        ("attention.self.value_global", Role.ATTN_PART),
        ("attention.self.conv", Role.ATTN_PART),  # Nystromformer, YOSO
        ("attention.self.conv2d", Role.ATTN_PART),
        ("attention.self.distance_embedding", Role.RELATIVE_POSITION),
        ("attention.LayerNorm", Role.ATTN_NORM),  # before attention: ESM, RoBERTa-PreLayerNorm
        ("LayerNorm", Role.FFN_NORM),
        ("attention.attn.q", Role.Q),  # MPNet
        ("attention.attn.k", Role.K),
        ("attention.attn.v", Role.V),
        ("attention.attn.o", Role.O),
        ("attention.self.query_proj", Role.Q),  # DeBERTa 2
        ("attention.self.key_proj", Role.K),
        ("attention.self.value_proj", Role.V),
        ("attention.self.in_proj", Role.QKV),  # DeBERTa 1, head by head
        ("attention.self.q_bias", Role.ATTN_PART),
        ("attention.self.v_bias", Role.ATTN_PART),
        ("attention.self.pos_proj", Role.RELATIVE_POSITION),
        ("attention.self.pos_q_proj", Role.RELATIVE_POSITION),
        ("attention.self.pos_key_proj", Role.RELATIVE_POSITION),
        ("attention.self.pos_query_proj", Role.RELATIVE_POSITION),
        ("attention.self.w2e_query", Role.ATTN_PART),  # LUKE
        ("attention.self.e2w_query", Role.ATTN_PART),
        ("attention.self.e2e_query", Role.ATTN_PART),
        ("attention.self.key_conv_attn_layer.depthwise", Role.ATTN_PART),  # ConvBERT
        ("attention.self.key_conv_attn_layer.pointwise", Role.ATTN_PART),
        ("attention.self.key_conv_attn_layer", Role.ATTN_PART),
        ("attention.self.conv_kernel_layer", Role.ATTN_PART),
        ("attention.self.conv_out_layer", Role.ATTN_PART),
        ("crossattention.self.query", Role.CROSS_Q),
        ("crossattention.self.key", Role.CROSS_K),
        ("crossattention.self.value", Role.CROSS_V),
        ("crossattention.output.dense", Role.CROSS_O),
        ("crossattention.output.LayerNorm", Role.POST_CROSS_NORM),
        ("fourier.output.LayerNorm", Role.POST_ATTN_NORM),  # FNet
        ("attention.attention.query", Role.Q),  # ViT
        ("attention.attention.key", Role.K),
        ("attention.attention.value", Role.V),
        ("layernorm_before", Role.ATTN_NORM),
        ("layernorm_after", Role.FFN_NORM),
    ),
    outside=(
        ("embeddings.word_embeddings", Role.EMBED),
        ("embeddings.x_position_embeddings", Role.POSITION_PART),  # LayoutLM
        ("embeddings.y_position_embeddings", Role.POSITION_PART),
        ("embeddings.h_position_embeddings", Role.POSITION_PART),
        ("embeddings.w_position_embeddings", Role.POSITION_PART),
        *((f"embeddings.token_type_embeddings_{n}", Role.POSITION_PART) for n in range(7)),  # TAPAS
        ("embeddings.shape_embed", Role.EMBED_PART),  # RoCBert
        ("embeddings.pronunciation_embed", Role.EMBED_PART),
        ("embeddings.map_inputs_layer", Role.EMBED_PART),
        ("embeddings.projection", Role.EMBED_PROJECTION),
        ("embeddings.embed_proj", Role.EMBED_PROJECTION),
        ("embeddings.embedding_transformation", Role.EMBED_PROJECTION),
        ("embeddings.layernorm", Role.EMBED_NORM),
        ("embeddings.layer_norm", Role.EMBED_NORM),
        ("embeddings.norm", Role.EMBED_NORM),
        ("encoder.embed_positions", Role.POSITION_EMBED),
        ("encoder.emb_layer_norm_after", Role.FINAL_NORM),
        ("encoder.rel_embeddings", Role.RELATIVE_POSITION),
        ("encoder.LayerNorm", Role.RELATIVE_POSITION),
        ("encoder.embedding_hidden_mapping_in", Role.EMBED_PROJECTION),
        ("entity_embeddings.entity_embeddings", Role.EMBED_PART),
        ("entity_embeddings.entity_embedding_dense", Role.EMBED_PART),
        ("entity_embeddings.position_embeddings", Role.EMBED_PART),
        ("entity_embeddings.token_type_embeddings", Role.EMBED_PART),
        ("entity_embeddings.LayerNorm", Role.EMBED_PART),
        ("entity_predictions.transform.dense", Role.EMBED_PART),
        ("entity_predictions.transform.LayerNorm", Role.EMBED_PART),
        ("entity_predictions", Role.EMBED_PART),
        ("cls.predictions.dense", Role.LM_TRANSFORM),
        ("cls.predictions.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("cls.predictions.transform.LayerNorm.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("lm_predictions.lm_head.dense", Role.LM_TRANSFORM),
        ("lm_predictions.lm_head.LayerNorm", Role.LM_TRANSFORM_NORM),
        ("lm_predictions.lm_head", Role.LM_HEAD),
        ("contact_head.regression", Role.CLASSIFIER),
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

_DISTILBERT = Family(
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

_ALBERT = Family(
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

_MODERNBERT = Family(
    "ModernBERT",
    layers=("layers.{L}",),
    inside=(
        ("attn.Wqkv", Fusion.QKV_BLOCKS),
        ("attn.q_proj", Role.Q),  # the decoder of the same name
        ("attn.k_proj", Role.K),
        ("attn.v_proj", Role.V),
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

FAMILIES = (BERT, _DISTILBERT, _ALBERT, _MODERNBERT)
