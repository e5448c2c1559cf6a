"""Inside towers: layers have the roles of a transformer's, by table; what no row names keeps the part's own role."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.config.reader import config_from_mapping
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.names.tables.towers import FAMILIES, INSIDE
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import StoredTensor

VISION, AUDIO = ModelPart.VISION_TOWER, ModelPart.AUDIO_TOWER
CONFIG = config_from_mapping({"hidden_size": 8, "num_attention_heads": 2}, "config.json")


def stored(name: str, shape: tuple[int, ...]) -> StoredTensor:
    return StoredTensor(name, "F32", shape, "model.safetensors", 0, 0)


@pytest.mark.parametrize(
    ("name", "shape", "part", "roles"),
    [
        ("vision_tower.vision_model.encoder.layers.3.self_attn.q_proj.weight", (8, 8), VISION, [Role.Q]),
        ("vision_tower.vision_model.encoder.layers.3.self_attn.out_proj.bias", (8,), VISION, [Role.O]),
        ("model.visual.blocks.3.attn.qkv.weight", (24, 8), VISION, [Role.Q, Role.K, Role.V]),
        ("model.visual.blocks.3.attn.qkv.bias", (24,), VISION, [Role.Q, Role.K, Role.V]),
        ("model.visual.blocks.3.mlp.linear_fc1.weight", (32, 8), VISION, [Role.UP]),
        ("vision_encoder.transformer.layers.3.feed_forward.w1.weight", (32, 8), VISION, [Role.GATE]),
        ("audio_tower.layers.3.fc1.weight", (32, 8), AUDIO, [Role.UP]),
        ("audio_tower.layers.3.final_layer_norm.weight", (8,), AUDIO, [Role.FFN_NORM]),
        ("vision_tower.blocks.3.conv1.weight", (8, 8, 3, 3), VISION, [Role.VISION]),
        ("vision_tower.blocks.3.norm1.weight", (8, 1), VISION, [Role.VISION]),
        ("audio_tower.embed_positions.weight", (100, 8), AUDIO, [Role.AUDIO]),
    ],
)
def test_names_inside_a_tower(name: str, shape: tuple[int, ...], part: ModelPart, roles: list[Role]) -> None:
    refs = map_names([stored(name, shape)], CONFIG)
    assert [ref.role for ref in refs] == roles
    assert {ref.part for ref in refs} == {part}
    assert all(ref.layer == 3 for ref in refs if "3" in name.split("."))


def test_the_norms_of_a_tower_are_read_by_its_own_table_alone() -> None:
    """Gemma's four norms say nothing of a tower whose names are Llama's."""
    names = ("model.layers.0.pre_feedforward_layernorm", "vision_tower.layers.0.post_attention_layernorm")
    refs = map_names([stored(f"{name}.weight", (8,)) for name in names], CONFIG)
    assert [ref.role for ref in refs] == [Role.FFN_NORM, Role.FFN_NORM]


def test_blocks_beside_layers_are_a_tower_where_they_embed_patches() -> None:
    names = ("layers.0.mlp.up_proj", "blocks.0.mlp.linear_fc1", "patch_embed.proj", "pos_embed")
    refs = map_names([stored(f"{name}.weight", (8, 8)) for name in names], CONFIG)
    assert [ref.part for ref in refs] == [ModelPart.LANGUAGE_MODEL, VISION, VISION, VISION]
    alone = map_names([stored("blocks.0.mlp.linear_fc1.weight", (8, 8))], CONFIG)
    assert alone[0].part is ModelPart.LANGUAGE_MODEL


def test_a_collision_keeps_the_part_and_its_role() -> None:
    names = ("vision_tower.layers.0.self_attn.out_proj", "vision_tower.layers.0.self_attn.o_proj")
    refs = map_names([stored(f"{name}.weight", (8, 8)) for name in names], CONFIG)
    assert [(ref.role, ref.part) for ref in refs] == [(Role.O, VISION), (Role.VISION, VISION)]


def test_no_name_has_two_meanings() -> None:
    meanings = {name: {meaning for family in FAMILIES for other, meaning in family.inside if other == name}
                for name in INSIDE}  # fmt: skip
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}
