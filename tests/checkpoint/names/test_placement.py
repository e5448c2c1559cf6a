"""Which part of a model a tensor belongs to, and that two stacks of one numbering do not collide."""

import pytest

from lineage_audit.checkpoint.model_parts import CORE, ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.names.placement import place_all
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

TWO_STACKS = [
    "model.shared.weight",
    "model.encoder.layers.{L}.self_attn.q_proj.weight",
    "model.decoder.layers.{L}.self_attn.q_proj.weight",
    "model.decoder.layers.{L}.encoder_attn.q_proj.weight",
    "lm_head.weight",
]


def test_encoder_and_decoder_are_told_apart_and_share_the_embeddings() -> None:
    assert [place.part for place in place_all(TWO_STACKS).values()] == [
        ModelPart.EMBEDDINGS,
        ModelPart.ENCODER,
        ModelPart.DECODER,
        ModelPart.DECODER,
        ModelPart.EMBEDDINGS,
    ]


@pytest.mark.parametrize("stack", ["encoder", "decoder"])
def test_a_single_stack_is_the_language_model_whatever_its_name(stack: str) -> None:
    places = place_all([f"model.{stack}.layers.{{L}}.fc1.weight", "model.embed_tokens.weight"])
    assert {place.part for place in places.values()} == {ModelPart.LANGUAGE_MODEL}


@pytest.mark.parametrize(
    ("pattern", "part", "inside"),
    [
        ("model.visual.blocks.{L}.attn.qkv.weight", ModelPart.VISION_TOWER, "blocks.{L}.attn.qkv.weight"),
        ("audio_tower.layers.{L}.fc1.weight", ModelPart.AUDIO_TOWER, "layers.{L}.fc1.weight"),
        ("multi_modal_projector.linear_1.weight", ModelPart.PROJECTOR, "linear_1.weight"),
        ("model.layers.{L}.mlp.up_proj.weight", ModelPart.LANGUAGE_MODEL, "model.layers.{L}.mlp.up_proj.weight"),
    ],
)
def test_the_first_telling_segment_names_the_part(pattern: str, part: ModelPart, inside: str) -> None:
    place = place_all([pattern])[pattern]
    assert (place.part, place.inside) == (part, inside)


def test_an_encoder_inside_a_tower_makes_no_second_stack() -> None:
    places = place_all(["vision_tower.encoder.layers.{L}.fc1.weight", "model.decoder.layers.{L}.fc1.weight"])
    assert [place.part for place in places.values()] == [ModelPart.VISION_TOWER, ModelPart.LANGUAGE_MODEL]


def test_layers_are_numbered_within_a_part() -> None:
    names = [
        name.replace("{L}", str(layer))
        for name in TWO_STACKS
        if "encoder_attn" not in name
        for layer in range(2 if "{L}" in name else 1)
    ]
    refs = map_names(all_stored(dict.fromkeys(names, (8, 8))), config_of(hidden_size=8))
    queries = [(ref.part, ref.layer, ref.role) for ref in refs if "q_proj" in ref.name]
    assert queries == [(part, layer, Role.Q) for part in (ModelPart.ENCODER, ModelPart.DECODER) for layer in range(2)]
    assert not duplicate_keys(refs)
    assert [ref.core_layer for ref in refs if ref.part is ModelPart.ENCODER] == [None, None]


def test_no_key_of_the_core_names_a_part() -> None:
    refs = map_names(all_stored({"model.layers.0.self_attn.q_proj.weight": (8, 8)}), config_of(hidden_size=8))
    assert {(ref.part in CORE, ref.key.beside) for ref in refs} == {(True, None)}
