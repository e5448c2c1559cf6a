"""Models of sound: codebooks are numbered, and are no layers; stacks beside the first are parts of their own."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

CONFIG = config_of(hidden_size=8, num_attention_heads=2)
TEXT, GENERATOR = ModelPart.LANGUAGE_MODEL, ModelPart.GENERATOR
MUSICGEN = {
    **{f"model.decoder.embed_tokens.{codebook}.weight": (33, 8) for codebook in range(4)},
    "model.decoder.layers.0.self_attn.q_proj.weight": (8, 8),
    "model.decoder.layers.1.self_attn.q_proj.weight": (8, 8),
    "model.decoder.layer_norm.weight": (8,),
    **{f"lm_heads.{codebook}.weight": (32, 8) for codebook in range(4)},
}


@pytest.mark.parametrize("prefix", ["", "decoder."])
def test_codebooks_are_embeddings_and_heads_and_no_layers(prefix: str) -> None:
    refs = map_names(all_stored({prefix + name: shape for name, shape in MUSICGEN.items()}), CONFIG)
    assert [ref.role for ref in refs] == [
        *[Role.EMBED_PART] * 4,
        *[Role.Q, Role.Q, Role.FINAL_NORM],
        *[Role.LM_HEAD_PART] * 4,
    ]
    assert {ref.layer for ref in refs if ref.role in (Role.EMBED_PART, Role.LM_HEAD_PART)} == {None}
    assert not any(ref.inferred for ref in refs)


@pytest.mark.parametrize(
    ("name", "part", "roles"),
    [
        ("semantic.layers.0.attn.att_proj.weight", TEXT, [Role.Q, Role.K, Role.V]),
        ("semantic.layers.0.mlp.in_proj.weight", TEXT, [Role.UP]),
        ("semantic.input_embeds_layer.weight", TEXT, [Role.EMBED]),
        ("semantic.position_embeds_layer.weight", TEXT, [Role.POSITION_EMBED]),
        ("semantic.layers.0.attn.bias", TEXT, [Role.BUFFER]),
        ("semantic.lm_head.weight", TEXT, [Role.LM_HEAD]),
        ("coarse_acoustics.layers.0.mlp.in_proj.weight", GENERATOR, [Role.GENERATOR]),
        ("fine_acoustics.input_embeds_layers.7.weight", GENERATOR, [Role.GENERATOR]),
        ("codec_model.decoder.layers.0.conv.weight", GENERATOR, [Role.GENERATOR]),
        ("input_embeds_layers.7.weight", TEXT, [Role.EMBED_PART]),
        ("embedding_list.3.weight", TEXT, [Role.EMBED_PART]),
        ("backbone_model.embed_tokens.embed_audio_tokens.weight", TEXT, [Role.EMBED_PART]),
        ("embed_text_tokens.weight", TEXT, [Role.EMBED]),
        ("model.layers.0.audio_mlp.up_proj.weight", TEXT, [Role.FFN_PART]),
        ("talker.code_predictor.lm_head.3.weight", GENERATOR, [Role.GENERATOR]),
    ],
)
def test_bark_csm_and_higgs(name: str, part: ModelPart, roles: list[Role]) -> None:
    refs = map_names(all_stored({name: (24, 8)}), CONFIG)
    assert [ref.role for ref in refs] == roles
    assert {ref.part for ref in refs} == {part}


def test_what_follows_attention_norms_cross_attention_where_a_third_norm_is_there() -> None:
    names = ("input_layernorm", "post_attention_layernorm", "final_layernorm")
    shapes = {f"model.{stack}.layers.0.{name}.weight": (8,) for stack in ("encoder", "decoder") for name in names}
    del shapes["model.encoder.layers.0.final_layernorm.weight"]
    refs = map_names(all_stored(shapes), CONFIG)
    assert [ref.role for ref in refs] == [
        *[Role.ATTN_NORM, Role.FFN_NORM],
        *[Role.ATTN_NORM, Role.CROSS_NORM, Role.FFN_NORM],
    ]


def test_an_encoder_of_speech_and_its_decoder_are_mapped_whole() -> None:
    halves = ("first_sub_layer", "second_sub_layer")
    shapes = {
        **{
            f"encoder.layers.{n}.self_attn.linear_{name}.weight": (8, 8) for n in (0, 1) for name in ("q", "out", "pos")
        },
        **{f"encoder.layers.0.feed_forward{n}.linear{m}.weight": (8, 8) for n in (1, 2) for m in (1, 2)},
        "encoder.layers.0.conv.depthwise_conv.weight": (8, 1, 9),
        "encoder.layers.0.conv.batch_norm.running_mean": (8,),
        "encoder.pre_encode.conv.0.weight": (8, 1, 3, 3),
        **{f"transf_decoder._decoder.layers.0.{half}.query_net.weight": (8, 8) for half in halves},
        "transf_decoder._decoder.layers.0.third_sub_layer.dense_in.weight": (16, 8),
        "transf_decoder._decoder.layers.0.layer_norm_2.weight": (8,),
        "transf_decoder._embedding.token_embedding.weight": (30, 8),
        "log_softmax.mlp.layer0.weight": (30, 8),
    }
    refs = {ref.name: ref for ref in map_names(all_stored(shapes), CONFIG)}
    assert not [name for name, ref in refs.items() if ref.role is Role.OTHER or ref.inferred]
    assert not duplicate_keys(refs.values())
    assert {ref.part for name, ref in refs.items() if name.startswith("encoder.")} == {ModelPart.ENCODER}
    assert {ref.part for name, ref in refs.items() if name.startswith("transf")} == {ModelPart.DECODER}
    roles = [refs[f"transf_decoder._decoder.layers.0.{half}.query_net.weight"].role for half in halves]
    assert roles == [Role.Q, Role.CROSS_Q]


def test_a_second_ffn_in_a_layer_does_not_displace_the_first() -> None:
    names = [f"model.layers.0.{ffn}.{name}.weight" for ffn in ("audio_mlp", "mlp") for name in ("gate_proj", "up_proj")]
    refs = map_names(all_stored(dict.fromkeys(names, (16, 8))), CONFIG)
    assert [ref.role for ref in refs] == [Role.FFN_PART, Role.FFN_PART, Role.GATE, Role.UP]
    assert not duplicate_keys(refs)
