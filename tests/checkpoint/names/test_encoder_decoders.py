"""Encoder-decoder models: each tensor has its role in its part, and every role its own place."""

import pytest

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys

CONFIG = config_of(d_model=8, num_heads=2)
T5 = {
    "shared.weight": (30, 8),
    **{f"encoder.block.{n}.layer.0.SelfAttention.{name}.weight": (8, 8) for n in (0, 1) for name in "qkvo"},
    **{f"encoder.block.{n}.layer.1.DenseReluDense.wi_{i}.weight": (16, 8) for n in (0, 1) for i in (0, 1)},
    "encoder.block.0.layer.1.layer_norm.weight": (8,),
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": (32, 2),
    **{f"decoder.block.0.layer.0.SelfAttention.{name}.weight": (8, 8) for name in "qkvo"},
    **{f"decoder.block.0.layer.1.EncDecAttention.{name}.weight": (8, 8) for name in "qkvo"},
    "decoder.block.0.layer.1.layer_norm.weight": (8,),
    "decoder.block.0.layer.2.DenseReluDense.wo.weight": (8, 16),
    "decoder.final_layer_norm.weight": (8,),
}


def test_t5_is_mapped_whole_by_its_tables() -> None:
    refs = {ref.name: ref for ref in map_names(all_stored(T5), CONFIG)}
    assert not any(ref.inferred or ref.role is Role.OTHER for ref in refs.values())
    assert not duplicate_keys(refs.values())


@pytest.mark.parametrize(
    ("name", "part", "role"),
    [
        ("shared.weight", ModelPart.EMBEDDINGS, Role.EMBED),
        ("encoder.block.1.layer.0.SelfAttention.q.weight", ModelPart.ENCODER, Role.Q),
        ("encoder.block.0.layer.1.layer_norm.weight", ModelPart.ENCODER, Role.FFN_NORM),
        ("decoder.block.0.layer.1.layer_norm.weight", ModelPart.DECODER, Role.CROSS_NORM),
        ("decoder.block.0.layer.1.EncDecAttention.k.weight", ModelPart.DECODER, Role.CROSS_K),
        ("decoder.final_layer_norm.weight", ModelPart.DECODER, Role.FINAL_NORM),
    ],
)
def test_t5_by_part(name: str, part: ModelPart, role: Role) -> None:
    refs = {ref.name: ref for ref in map_names(all_stored(T5), CONFIG)}
    assert (refs[name].part, refs[name].role) == (part, role)


def test_an_encoders_ffn_beside_a_decoders_is_no_gate() -> None:
    names = [f"model.{stack}.layers.0.{name}.weight" for stack in ("encoder", "decoder") for name in ("fc1", "fc2")]
    refs = map_names(all_stored({name: (16, 8) if "fc1" in name else (8, 16) for name in names}), CONFIG)
    assert [ref.role for ref in refs] == [Role.UP, Role.DOWN, Role.UP, Role.DOWN]


@pytest.mark.parametrize(
    ("final", "role"), [("layer_norm", Role.ATTN_NORM), ("layernorm_embedding", Role.POST_ATTN_NORM)]
)
def test_a_final_norm_says_that_halves_are_normed_before(final: str, role: Role) -> None:
    shapes = {f"model.{stack}.layers.0.self_attn_layer_norm.weight": (8,) for stack in ("encoder", "decoder")}
    shapes |= {f"model.{stack}.{final}.weight": (8,) for stack in ("encoder", "decoder")}
    refs = map_names(all_stored(shapes), CONFIG)
    assert [ref.role for ref in refs][:2] == [role, role]
