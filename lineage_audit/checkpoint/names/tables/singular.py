"""Families that name their tensors as no other does, one short table each."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

_CTRL = Family(
    "CTRL",
    layers=("h.{L}",),
    inside=(
        ("multi_head_attention.Wq", Role.Q),
        ("multi_head_attention.Wk", Role.K),
        ("multi_head_attention.Wv", Role.V),
        ("multi_head_attention.dense", Role.O),
        ("ffn.0", Role.UP),
        ("ffn.2", Role.DOWN),
        ("layernorm1", Role.ATTN_NORM),
        ("layernorm2", Role.FFN_NORM),
    ),
    outside=(("w", Role.EMBED), ("layernorm", Role.FINAL_NORM)),
)

_OPENAI_GPT = Family("GPT 1", outside=(("tokens_embed", Role.EMBED), ("positions_embed", Role.POSITION_EMBED)))

_XLM = Family(
    "XLM, FlauBERT",
    outside=(
        ("attentions.{L}.q_lin", Role.Q),
        ("attentions.{L}.k_lin", Role.K),
        ("attentions.{L}.v_lin", Role.V),
        ("attentions.{L}.out_lin", Role.O),
        ("layer_norm1.{L}", Role.POST_ATTN_NORM),
        ("layer_norm2.{L}", Role.POST_FFN_NORM),
        ("ffns.{L}.lin1", Role.UP),
        ("ffns.{L}.lin2", Role.DOWN),
        ("embeddings", Role.EMBED),
        ("position_embeddings", Role.POSITION_EMBED),
        ("layer_norm_emb", Role.EMBED_NORM),
        ("pred_layer.proj", Role.LM_HEAD),
    ),
)

_XLNET = Family(
    "XLNet",
    layers=("layer.{L}",),
    inside=(
        *((f"rel_attn.{name}", Role.ATTN_PART) for name in ("q", "k", "v", "o", "seg_embed", "r_s_bias")),
        *((f"rel_attn.{name}", Role.RELATIVE_POSITION) for name in ("r", "r_r_bias", "r_w_bias")),
        ("rel_attn.layer_norm", Role.POST_ATTN_NORM),
        ("ff.layer_1", Role.UP),
        ("ff.layer_2", Role.DOWN),
        ("ff.layer_norm", Role.POST_FFN_NORM),
    ),
    outside=(("word_embedding", Role.EMBED), ("mask_emb", Role.EMBED_PART), ("lm_loss", Role.LM_HEAD)),
)

_REFORMER = Family(
    "Reformer",
    layers=("encoder.layers.{L}",),
    inside=(
        ("attention.self_attention.query", Role.Q),
        ("attention.self_attention.key", Role.K),
        ("attention.self_attention.value", Role.V),
        ("attention.self_attention.query_key", Role.ATTN_PART),  # one matrix for both, under a hash
        ("attention.output.dense", Role.O),
        ("attention.layer_norm", Role.ATTN_NORM),
        ("feed_forward.dense.dense", Role.UP),
        ("feed_forward.output.dense", Role.DOWN),
        ("feed_forward.layer_norm", Role.FFN_NORM),
    ),
    outside=(("embeddings.position_embeddings.weights.{L}", Role.POSITION_PART),),
)

_CPMANT = Family(
    "CPM-Ant",
    layers=("encoder.layers.{L}",),
    inside=(
        ("self_att.layernorm_before_attention", Role.ATTN_NORM),
        ("self_att.self_attention.project_q", Role.Q),
        ("self_att.self_attention.project_k", Role.K),
        ("self_att.self_attention.project_v", Role.V),
        ("self_att.self_attention.attention_out", Role.O),
        ("ffn.layernorm_before_ffn", Role.FFN_NORM),
        ("ffn.ffn.w_in.w_0", Role.GATE),
        ("ffn.ffn.w_in.w_1", Role.UP),
        ("ffn.ffn.w_out", Role.DOWN),
    ),
    outside=(
        ("encoder.output_layernorm", Role.FINAL_NORM),
        ("input_embedding", Role.EMBED),
        ("segment_embedding", Role.TOKEN_TYPE_EMBED),
        ("position_bias.relative_attention_bias", Role.RELATIVE_POSITION),
    ),
)

_GTE = Family(
    "GTE, Nomic BERT",
    layers=("encoder.layer.{L}", "encoder.layers.{L}"),
    inside=(
        ("attention.qkv_proj", Fusion.QKV_BLOCKS),
        ("attention.o_proj", Role.O),
        ("mlp.up_gate_proj", Fusion.UP_GATE),
        ("mlp.down_proj", Role.DOWN),
        ("attn_ln", Role.POST_ATTN_NORM),
        ("mlp_ln", Role.POST_FFN_NORM),
        ("attn.Wqkv", Fusion.QKV_BLOCKS),
        ("attn.out_proj", Role.O),
        ("mlp.fc11", Role.UP),
        ("mlp.fc12", Role.GATE),
        ("mlp.fc2", Role.DOWN),
        ("norm1", Role.POST_ATTN_NORM),
        ("norm2", Role.POST_FFN_NORM),
    ),
    outside=(
        ("emb_ln", Role.EMBED_NORM),
        ("cls.predictions.transform.layer_norm", Role.LM_TRANSFORM_NORM),
        ("lm_head.norm", Role.LM_TRANSFORM_NORM),
    ),
)

_MOBILEBERT = Family(
    "MobileBERT, whose layers have a narrow inside and four FFNs",
    layers=("encoder.layer.{L}",),
    inside=(
        *(
            (f"{module}.{name}", role)
            for module, role in (("bottleneck.input", Role.ATTN_PART), ("bottleneck.attention", Role.ATTN_PART))
            for name in ("dense", "LayerNorm")
        ),
        ("output.bottleneck.dense", Role.FFN_PART),
        ("output.bottleneck.LayerNorm", Role.FFN_PART),
        *(
            (f"ffn.{number}.{name}", Role.FFN_PART)
            for number in range(3)
            for name in ("intermediate.dense", "output.dense", "output.LayerNorm")
        ),
    ),
)

_SQUEEZEBERT = Family(
    "SqueezeBERT, whose matrices are grouped convolutions",
    layers=("encoder.layers.{L}",),
    inside=(
        *((f"attention.{name}", Role.ATTN_PART) for name in ("query", "key", "value")),
        ("post_attention.conv1d", Role.ATTN_PART),
        ("post_attention.layernorm", Role.POST_ATTN_NORM),
        ("intermediate.conv1d", Role.FFN_PART),
        ("output.conv1d", Role.FFN_PART),
        ("output.layernorm", Role.POST_FFN_NORM),
    ),
)

_PERCEIVER = Family(
    "Perceiver",
    layers=("encoder.self_attends.{L}",),
    inside=(
        ("attention.self.query", Role.Q),
        ("attention.self.key", Role.K),
        ("attention.self.value", Role.V),
        ("attention.self.layernorm1", Role.ATTN_NORM),
        ("attention.output.dense", Role.O),
        ("layernorm", Role.FFN_NORM),
        ("mlp.dense1", Role.UP),
        ("mlp.dense2", Role.DOWN),
    ),
    outside=(
        ("embeddings.latents", Role.EMBED_PART),
        ("input_preprocessor.embeddings", Role.EMBED),
        ("input_preprocessor.position_embeddings", Role.POSITION_EMBED),
        ("decoder.output_position_encodings.position_embeddings", Role.POSITION_PART),
        ("embedding_decoder", Role.LM_HEAD),
        *(
            (f"{module}.{name}", Role.ATTN_PART)
            for module in ("encoder.cross_attention", "decoder.decoding_cross_attention")
            for name in (
                *(f"attention.self.{leaf}" for leaf in ("layernorm1", "layernorm2", "query", "key", "value")),
                *("attention.output.dense", "layernorm", "mlp.dense1", "mlp.dense2"),
            )
        ),
    ),
)

_MOSHI = Family(
    "Moshi",
    layers=("layers.{L}",),
    inside=(
        ("self_attn.q_proj.linear", Role.Q),
        ("self_attn.k_proj.linear", Role.K),
        ("self_attn.v_proj.linear", Role.V),
        ("self_attn.o_proj.linear", Role.O),
    ),
)

_INKLING = Family(
    "Inkling 1 and 2",
    layers=("layers.{L}",),
    inside=(
        ("attn.wq_du", Role.Q),
        ("attn.wk_dv", Role.K),
        ("attn.wv_dv", Role.V),
        ("attn.wo_ud", Role.O),
        ("attn.k_norm", Role.K_NORM),
        ("attn.gate_attn", Role.ATTN_GATE),
        ("attn.attn_sink_proj", Role.ATTN_PART),
        ("attn.q_l2_clip.scale", Role.ATTN_PART),
        ("attn.rel_l2_clip.scale", Role.ATTN_PART),
        ("mlp.experts.w13_weight", Fusion.EXPERTS_GATE_UP),
        ("mlp.experts.w2_weight", Fusion.EXPERTS_DOWN),
        ("mlp.shared_experts.shared_w13_weight", Role.FFN_PART),
        ("mlp.shared_experts.shared_w2_weight", Role.FFN_PART),
        ("self_attn.o_proj.gate_proj", Role.ATTN_GATE),
        ("self_attn.q_proj.norm", Role.ATTN_PART),
        ("self_attn.q_proj.norm.scale", Role.ATTN_PART),
        ("self_attn.k_proj.norm.scale", Role.ATTN_PART),
        ("self_attn.sink_proj", Role.ATTN_PART),
        ("attention_input.query", Role.HYPER_CONNECTION),
        ("mlp_input.query", Role.HYPER_CONNECTION),
        ("q_input_layernorm", Role.ATTN_PART),
    ),
    outside=(
        ("unembed", Role.LM_HEAD),
        ("embed_norm", Role.EMBED_NORM),
        ("embed_tokens.embed_norm", Role.EMBED_NORM),
        ("middle_cycle_cross_pass_queries", Role.HYPER_CONNECTION),
        ("middle_cycle_cross_pass_kv_queries", Role.HYPER_CONNECTION),
    ),
)

_ZAYA = Family(
    "Zaya",
    layers=("layers.{L}",),
    inside=(
        ("self_attn.qkv_proj.q_proj", Role.Q),
        ("self_attn.qkv_proj.k_proj", Role.K),
        ("self_attn.qkv_proj.v_proj_current", Role.ATTN_PART),
        ("self_attn.qkv_proj.v_proj_delayed", Role.ATTN_PART),
        ("self_attn.qkv_proj.conv_qk_depthwise", Role.MIXER_PART),
        ("self_attn.qkv_proj.conv_qk_grouped", Role.MIXER_PART),
        ("self_attn.qk_norm.temp", Role.MODULATION),
        ("mlp.gate.down_proj", Role.ROUTER_PART),
        ("mlp.gate.router_states_scale", Role.ROUTER_PART),
        *((f"mlp.gate.router_mlp.{name}", Role.ROUTER_PART) for name in ("norm", "fc1", "fc2", "out_proj")),
        *(
            (f"{module}.{name}", Role.HYPER_CONNECTION)
            for module in ("post_attention_residual_scale", "post_mlp_residual_scale")
            for name in ("hidden_states_scale", "hidden_states_bias", "residual_scale", "residual_bias")
        ),
    ),
    outside=(
        ("input_hidden_states_scale", Role.HYPER_CONNECTION),
        ("input_hidden_states_bias", Role.HYPER_CONNECTION),
    ),
)

_HRM = Family(
    "Hierarchical reasoning model: two stacks, one after the other",
    layers=("H_module.layers.{L}", "L_module.layers.{L}"),
    inside=(
        ("attn.gqkv_proj", Role.ATTN_PART),
        ("attn.o_proj", Role.O),
        ("mlp.gate_up_proj", Fusion.GATE_UP),
        ("mlp.down_proj", Role.DOWN),
    ),
    outside=(("z_L_init", Role.MODULATION), ("z_H_init", Role.MODULATION)),
)

_HUNYUAN_4 = Family(
    "Hunyuan 4",
    layers=("layers.{L}",),
    inside=(
        ("mlp.linear_gate", Role.GATE),
        ("mlp.shared_experts.linear_gate", Role.SHARED_GATE),
        ("mlp.shared_experts.gate_up_proj", Fusion.SHARED_GATE_UP),  # MiniMax M3
        ("self_attn.linear_gate", Role.ATTN_GATE),
        ("self_attn.learnable_sink_param", Role.ATTN_SINK),
        ("mlp.pre_expert_proj", Role.EXPERT_PROJECTION),  # Muse
        ("mlp.post_expert_proj", Role.EXPERT_PROJECTION),
        ("mlp.pre_expert_norm", Role.FFN_PART),
        ("mlp.experts.post_expert_norm", Role.FFN_PART),
        ("post_attention_residual_gate.gate", Role.HYPER_CONNECTION),
        ("post_feedforward_residual_gate.gate", Role.HYPER_CONNECTION),
        ("experts.{E}.w1", Role.GATE),  # Mistral Large 4
        ("experts.{E}.w2", Role.DOWN),
        ("experts.{E}.w3", Role.UP),
    ),
    outside=(("lerope.alpha", Role.MODULATION),),
)

_CROSS_BLOCKS = Family(
    "Idefics 1: layers of attention to images between the language model's own",
    layers=("gated_cross_attn_layers.{L}", "cross_attn_layers.{L}"),
    inside=(
        ("cross_attn.q_proj", Role.CROSS_Q),
        ("cross_attn.k_proj", Role.CROSS_K),
        ("cross_attn.v_proj", Role.CROSS_V),
        ("cross_attn.o_proj", Role.CROSS_O),
        ("mlp.gate_proj", Role.GATE),
        ("mlp.up_proj", Role.UP),
        ("mlp.down_proj", Role.DOWN),
        ("input_layernorm", Role.CROSS_NORM),
        ("post_attention_layernorm", Role.FFN_NORM),
    ),
)

_MOLMO = Family(
    "Molmo",
    layers=("blocks.{L}",),
    inside=(
        ("self_attn.att_proj", Fusion.QKV_BLOCKS),
        ("self_attn.attn_out", Role.O),
        ("self_attn.q_norm", Role.Q_NORM),
        ("self_attn.k_norm", Role.K_NORM),
        ("mlp.ff_proj", Fusion.UP_GATE),
        ("mlp.ff_out", Role.DOWN),
    ),
    outside=(("wte.embedding", Role.EMBED), ("wte.new_embedding", Role.EMBED_PART)),
)

_NEOMME = Family(
    "NeoMME",
    layers=("layers.{L}",),
    inside=(
        ("self_attn.output_projection.o_proj", Role.O),
        ("self_attn.output_projection.gate_proj", Role.ATTN_GATE),
        ("self_attn.exclusive_self_attention.alpha", Role.MODULATION),
    ),
    outside=(
        ("embed_tokens.word_embeddings", Role.EMBED),
        ("embed_tokens.embedding_projection", Role.EMBED_PROJECTION),
        ("value_embeddings", Role.EMBED_PART),
        *((f"patch_embeddings.{name}", Role.PATCH_EMBED) for name in ("norm", "up_proj", "down_proj")),
    ),
)

_PHI_IN_A_ROW = Family(
    "Phi 1 and 2 as first released: embedding and head are numbered among the layers",
    layers=("layers.{L}",),
    inside=(
        ("wte", Role.EMBED_PART),
        ("ln", Role.ATTN_NORM),
        ("mixer.Wqkv", Fusion.QKV_BLOCKS),
    ),
)

HEADS = Family(
    "heads under names of their own: UltraBERT, ModernVBERT, FSMT",
    outside=(
        ("head.linear1", Role.LM_TRANSFORM),
        ("head.linear2", Role.EMBED_PROJECTION),
        ("cls", Role.LM_HEAD),
        ("projection_head.dense", Role.LM_TRANSFORM),
        ("projection_head.norm", Role.LM_TRANSFORM_NORM),
        ("decoder.output_projection", Role.LM_HEAD),
    ),
)

FAMILIES = (
    *(_CTRL, _OPENAI_GPT, _XLM, _XLNET, _REFORMER, _CPMANT, _GTE, _MOBILEBERT, _SQUEEZEBERT, _PERCEIVER, _MOSHI),
    *(_INKLING, _ZAYA, _HRM, _HUNYUAN_4, _CROSS_BLOCKS, _MOLMO, _NEOMME, _PHI_IN_A_ROW, HEADS),
)
