"""Pipelines of diffusers: each component is a part; blocks of a denoiser have the roles of any transformer's."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

CONFIG = config_of(num_attention_heads=2, attention_head_dim=4)
DENOISER, ENCODER, AUTOENCODER = ModelPart.DENOISER, ModelPart.ENCODER, ModelPart.AUTOENCODER
ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
FLUX = {
    **{f"transformer.transformer_blocks.{n}.attn.{name}.weight": (8, 8) for n in (0, 1) for name in ATTENTION},
    "transformer.transformer_blocks.0.attn.norm_q.weight": (4,),
    "transformer.transformer_blocks.0.attn.add_q_proj.weight": (8, 8),
    "transformer.transformer_blocks.0.ff.net.0.proj.weight": (32, 8),
    "transformer.transformer_blocks.0.ff.net.2.weight": (8, 32),
    "transformer.transformer_blocks.0.norm1.linear.weight": (48, 8),
    **{f"transformer.single_transformer_blocks.0.attn.{name}.weight": (8, 8) for name in ATTENTION[:3]},
    "transformer.x_embedder.weight": (8, 4),
    "vae.encoder.conv_in.weight": (4, 3, 3, 3),
    "vae.decoder.mid_block.attentions.0.to_q.weight": (4, 4),
    "text_encoder.text_model.embeddings.token_embedding.weight": (30, 8),
    "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.weight": (8, 8),
    "text_encoder.text_model.final_layer_norm.weight": (8,),
    "text_encoder_2.encoder.final_layer_norm.weight": (8,),
    "text_encoder_2.encoder.block.0.layer.0.SelfAttention.q.weight": (8, 8),
}


def test_components_are_parts() -> None:
    parts = {ref.name.partition(".")[0]: ref.part for ref in map_names(all_stored(FLUX), CONFIG)}
    assert parts == {
        "transformer": DENOISER,
        "vae": AUTOENCODER,
        "text_encoder": ENCODER,
        "text_encoder_2": ENCODER,
    }


def test_every_tensor_of_a_pipeline_has_a_role_and_a_place() -> None:
    refs = map_names(all_stored(FLUX), CONFIG)
    assert not [ref.name for ref in refs if ref.role is Role.OTHER or ref.inferred]
    assert not duplicate_keys(refs)
    assert {ref.layer for ref in refs if ref.role is Role.Q and ref.part is DENOISER} == {0, 1, 2}
    assert {ref.layer for ref in refs if ref.role is Role.Q and ref.part is ENCODER} == {0, 1}


@pytest.mark.parametrize(
    ("name", "shape", "roles"),
    [
        ("transformer.transformer_blocks.0.attn.to_out.0.weight", (8, 8), [Role.O]),
        ("transformer.transformer_blocks.0.attn.norm_k.weight", (4,), [Role.K_NORM]),
        ("transformer.transformer_blocks.0.attn.add_q_proj.weight", (8, 8), [Role.DENOISER]),
        ("transformer.transformer_blocks.0.attn2.to_k.weight", (8, 6), [Role.CROSS_K]),
        ("transformer.transformer_blocks.0.ff.net.0.proj.weight", (32, 8), [Role.UP]),
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj.weight", (64, 8), [Role.UP, Role.GATE]),
        ("unet.mid_block.attentions.0.transformer_blocks.0.norm3.weight", (8,), [Role.FFN_NORM]),
        ("unet.down_blocks.1.resnets.0.conv1.weight", (8, 8, 3, 3), [Role.DENOISER]),
        ("transformer.pos_embed.pos_embed", (1, 16, 8), [Role.BUFFER]),
        ("transformer.pos_embed.proj.weight", (8, 4, 2, 2), [Role.DENOISER]),
        ("transformer.blocks.0.ffn.net.0.proj.weight", (24, 8), [Role.UP]),
        ("transformer.transformer_blocks.0.img_mlp.net.0.proj.weight", (32, 8), [Role.UP]),
        ("transformer.transformer_blocks.0.txt_mlp.net.0.proj.weight", (32, 8), [Role.DENOISER]),
        ("transformer.layers.0.feed_forward.linear_3.weight", (32, 8), [Role.UP]),
    ],
)
def test_names_inside_a_denoiser(name: str, shape: tuple[int, ...], roles: list[Role]) -> None:
    refs = map_names(all_stored({name: shape, "vae.encoder.conv_in.weight": (4, 3, 3, 3)}), CONFIG)
    assert [ref.role for ref in refs[:-1]] == roles
    assert {ref.part for ref in refs[:-1]} == {DENOISER}


def test_a_gated_blocks_bias_is_split_as_its_matrix() -> None:
    name = "unet.mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj"
    shapes = {f"{name}.weight": (64, 8), f"{name}.bias": (64,), "vae.encoder.conv_in.weight": (4, 3, 3, 3)}
    refs = map_names(all_stored(shapes), CONFIG)[:-1]
    assert [(ref.role, ref.slot, ref.shape[0]) for ref in refs] == [
        *((role, "weight", 32) for role in (Role.UP, Role.GATE)),
        *((role, "bias", 32) for role in (Role.UP, Role.GATE)),
    ]


@pytest.mark.parametrize(("third", "role"), [("norm3", Role.CROSS_NORM), ("ffn_norm1", Role.POST_ATTN_NORM)])
def test_the_second_norm_is_what_the_third_says(third: str, role: Role) -> None:
    names = ("attn.to_out.0", "norm2", third)
    shapes = {f"transformer.layers.0.{name}.weight": (8,) if "norm" in name else (8, 8) for name in names}
    refs = map_names(all_stored({**shapes, "vae.encoder.conv_in.weight": (4, 3, 3, 3)}), CONFIG)
    assert refs[1].role is role


def test_a_component_alone_is_a_denoiser_and_a_gpt_2_is_none() -> None:
    alone = {name.removeprefix("transformer."): shape for name, shape in FLUX.items() if name.startswith("transf")}
    assert {ref.part for ref in map_names(all_stored(alone), CONFIG)} == {DENOISER}
    gpt = map_names(all_stored({"transformer.wte.weight": (30, 8), "transformer.h.0.ln_1.weight": (8,)}), CONFIG)
    assert {ref.part for ref in gpt} == {ModelPart.LANGUAGE_MODEL}
