"""Models that write sound: an embedding and a head a codebook, and stacks that go on from one another's tokens."""

from __future__ import annotations

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.tables.family import Family
from lineage_audit.checkpoint.roles import Role

_CODEBOOKS = Family(
    "Musicgen, Parler, Bark's last stage, MOSS-TTSD, CSM, Higgs Audio: what reads and writes the codebooks",
    outside=(
        ("embed_tokens.{C}", Role.EMBED_PART),
        ("decoder.embed_tokens.{C}", Role.EMBED_PART),
        ("input_embeds_layers.{C}", Role.EMBED_PART),
        ("embedding_list.{C}", Role.EMBED_PART),
        ("embed_tokens.embed_audio_tokens", Role.EMBED_PART),
        ("embed_audio_tokens.embed_audio_tokens", Role.EMBED_PART),
        ("embed_text_tokens", Role.EMBED),
        ("embed_prompts", Role.EMBED_PART),
        ("decoder.embed_positions.weights", Role.BUFFER),  # waves of fixed lengths
        ("embed_positions.weights", Role.BUFFER),
        ("lm_heads.{C}", Role.LM_HEAD_PART),
        ("lm_head.{C}", Role.LM_HEAD_PART),
        ("audio_lm_head", Role.LM_HEAD_PART),
    ),
)

_BARK = Family(
    "Bark",
    layers=("layers.{L}",),
    inside=(
        ("attn.att_proj", Fusion.QKV_BLOCKS),
        ("attn.out_proj", Role.O),
        ("mlp.in_proj", Role.UP),
        ("mlp.out_proj", Role.DOWN),
        ("attn", Role.BUFFER),  # attn.bias is the causal mask
        ("layernorm_1", Role.ATTN_NORM),
        ("layernorm_2", Role.FFN_NORM),
    ),
    outside=(
        ("input_embeds_layer", Role.EMBED),
        ("position_embeds_layer", Role.POSITION_EMBED),
        ("layernorm_final", Role.FINAL_NORM),
    ),
)

_HIGGS_AUDIO = Family(
    "Higgs Audio 2: beside each layer's FFN another one for tokens of sound",
    layers=("layers.{L}",),
    inside=(
        *((f"audio_mlp.{name}", Role.FFN_PART) for name in ("gate_proj", "up_proj", "down_proj")),
        ("audio_input_layernorm", Role.ATTN_PART),
        ("audio_post_attention_layernorm", Role.FFN_PART),
    ),
)

_DECODERS = Family(
    "Moonshine, Canary, Dia: decoders with a norm before each of their three halves",
    layers=("decoder.layers.{L}",),
    inside=(
        ("post_attention_layernorm", Role.FFN_NORM),  # before cross attention, where final_layernorm is there
        ("final_layernorm", Role.FFN_NORM),
        ("pre_ca_norm", Role.CROSS_NORM),
    ),
)

_CONFORMERS = Family(
    "NeMo's encoders of speech (Canary, Parakeet), Cohere's: a convolution and two FFNs beside attention",
    layers=("encoder.layers.{L}",),
    inside=(
        ("norm_self_att", Role.ATTN_NORM),
        *((f"self_attn.linear_{name}", role)
          for name, role in (("q", Role.Q), ("k", Role.K), ("v", Role.V), ("out", Role.O))),
        *((f"self_attn.{name}", Role.RELATIVE_POSITION) for name in ("linear_pos", "pos_bias_u", "pos_bias_v")),
        *((f"conv.{name}", Role.MIXER_PART)
          for name in ("pointwise_conv1", "depthwise_conv", "batch_norm", "norm", "pointwise_conv2")),
        ("norm_conv", Role.MIXER_PART),
        ("norm_feed_forward1", Role.FFN_NORM),
        ("feed_forward1.linear1", Role.UP),
        ("feed_forward1.linear2", Role.DOWN),
        *((name, Role.FFN_PART)
          for name in ("norm_feed_forward2", "feed_forward2.linear1", "feed_forward2.linear2", "norm_out")),
    ),
    outside=(("encoder.pre_encode.conv.{L}", Role.PATCH_EMBED), ("encoder.pre_encode.out", Role.PATCH_EMBED)),
)  # fmt: skip

_SUB_LAYERS = Family(
    "NeMo's decoders of speech, Cohere's",
    layers=("_decoder.layers.{L}",),
    inside=(
        *((f"{which}_sub_layer.{name}", role)
          for which, roles in (
              ("first", (Role.Q, Role.K, Role.V, Role.O)),
              ("second", (Role.CROSS_Q, Role.CROSS_K, Role.CROSS_V, Role.CROSS_O)),
          )
          for name, role in zip(("query_net", "key_net", "value_net", "out_projection"), roles, strict=True)),
        ("third_sub_layer.dense_in", Role.UP),
        ("third_sub_layer.dense_out", Role.DOWN),
        ("layer_norm_1", Role.ATTN_NORM),
        ("layer_norm_2", Role.CROSS_NORM),
        ("layer_norm_3", Role.FFN_NORM),
    ),
    outside=(
        ("_decoder.final_layer_norm", Role.FINAL_NORM),
        ("_embedding.token_embedding", Role.EMBED),
        ("_embedding.position_embedding.pos_enc", Role.BUFFER),
        ("_embedding.layer_norm", Role.EMBED_NORM),
        ("log_softmax.mlp.layer{L}", Role.LM_HEAD_PART),
    ),
)  # fmt: skip

FAMILIES = (_CODEBOOKS, _BARK, _HIGGS_AUDIO, _DECODERS, _CONFORMERS, _SUB_LAYERS)
