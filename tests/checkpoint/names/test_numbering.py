"""Layers numbered through: two stacks of one part, and layers of two halves."""

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.names.numbering import without_half
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

CONFIG = config_of(hidden_size=8, num_attention_heads=2)


def test_a_second_stack_of_one_part_is_numbered_behind_the_first() -> None:
    names = [
        f"model.{stack}.layers.{layer}.mlp.{name}.weight"
        for stack in ("H_module", "L_module")
        for layer in range(2)
        for name in ("up_proj", "down_proj")
    ]
    refs = map_names(all_stored(dict.fromkeys(names, (8, 8))), CONFIG)
    assert [ref.layer for ref in refs if ref.role is Role.UP] == [0, 1, 2, 3]
    assert not duplicate_keys(refs)


def test_a_layer_of_two_halves_is_two_layers() -> None:
    shapes = {
        f"model.layers.1.mlps.{half}.{name}.weight": (8, 8) for half in (0, 1) for name in ("up_proj", "gate_proj")
    }
    shapes |= {"model.layers.1.mlp.router.classifier.weight": (4, 8)}
    refs = {ref.name: ref for ref in map_names(all_stored(shapes), CONFIG)}
    assert refs["model.layers.1.mlps.0.up_proj.weight"].layer == 2
    assert refs["model.layers.1.mlps.1.up_proj.weight"].layer == 3
    assert refs["model.layers.1.mlp.router.classifier.weight"].layer == 2


def test_only_what_stands_twice_has_a_half() -> None:
    assert without_half("layers.{L}.mlps.1.up_proj.weight") == "layers.{L}.mlps.up_proj.weight"
    assert without_half("layers.{L}.mlp.1.up_proj.weight") == "layers.{L}.mlp.1.up_proj.weight"


def test_stacks_that_share_no_place_keep_their_numbers() -> None:
    shapes = {"model.layers.1.mlp.up_proj.weight": (8, 8), "other.layers.1.mlp.down_proj.weight": (8, 8)}
    assert {ref.layer for ref in map_names(all_stored(shapes), CONFIG)} == {1}
