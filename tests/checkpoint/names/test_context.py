"""One name, several meanings: what decides is which other names a checkpoint has."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.stored import all_stored, config_of, stored

_NORMS: list[tuple[str, dict[str, Role]]] = [
    ("llama", {"input_layernorm": Role.ATTN_NORM, "post_attention_layernorm": Role.FFN_NORM}),
    ("yi", {"ln1": Role.ATTN_NORM, "ln2": Role.FFN_NORM}),
    (
        "gemma 2 and 3",
        {
            "input_layernorm": Role.ATTN_NORM,
            "post_attention_layernorm": Role.POST_ATTN_NORM,
            "pre_feedforward_layernorm": Role.FFN_NORM,
            "post_feedforward_layernorm": Role.POST_FFN_NORM,
        },
    ),
    (
        "olmo 2",
        {"post_attention_layernorm": Role.POST_ATTN_NORM, "post_feedforward_layernorm": Role.POST_FFN_NORM},
    ),
    (
        "glm-4-0414",
        {
            "input_layernorm": Role.ATTN_NORM,
            "post_self_attn_layernorm": Role.POST_ATTN_NORM,
            "post_attention_layernorm": Role.FFN_NORM,
            "post_mlp_layernorm": Role.POST_FFN_NORM,
        },
    ),
]


@pytest.mark.parametrize(("system", "norms"), _NORMS, ids=[system for system, _ in _NORMS])
def test_norms_mean_what_their_neighbours_make_them(system: str, norms: dict[str, Role]) -> None:
    shapes = {f"model.layers.{layer}.{name}.weight": (8,) for layer in range(2) for name in norms}
    refs = map_names(all_stored(shapes), config_of(model_type=system))
    assert {ref.name.split(".")[3]: ref.role for ref in refs} == norms


@pytest.mark.parametrize(
    ("final_norm", "first", "second"),
    [(True, Role.ATTN_NORM, Role.FFN_NORM), (False, Role.POST_ATTN_NORM, Role.POST_FFN_NORM)],
    ids=["opt-125m", "opt-350m"],
)
def test_opt_norms_before_or_after(final_norm: bool, first: Role, second: Role) -> None:
    shapes = {
        "model.decoder.layers.0.self_attn_layer_norm.weight": (8,),
        "model.decoder.layers.0.final_layer_norm.weight": (8,),
    }
    if final_norm:
        shapes["model.decoder.final_layer_norm.weight"] = (8,)
    refs = map_names(all_stored(shapes), config_of(model_type="opt"))
    assert [ref.role for ref in refs[:2]] == [first, second]


def test_falcon_40b_in_gguf_keeps_the_attention_norm_second() -> None:
    shapes = {"blk.0.attn_norm.weight": (8,), "blk.0.attn_norm_2.weight": (8,)}
    refs = map_names(all_stored(shapes), config_of(model_type="falcon"))
    assert [ref.role for ref in refs] == [Role.FFN_NORM, Role.ATTN_NORM]


def test_gpt2_masks_are_buffers() -> None:
    shapes = {"h.0.attn.bias": (1, 1, 16, 16), "h.0.attn.masked_bias": (), "h.0.attn.c_proj.bias": (8,)}
    refs = map_names(all_stored(shapes), config_of(model_type="gpt2"))
    assert [ref.role for ref in refs] == [Role.BUFFER, Role.BUFFER, Role.O]


@pytest.mark.parametrize(("rows", "columns", "transposed"), [(8, 24, True), (24, 8, False)], ids=["gpt-2", "qwen"])
def test_conv1d_is_known_by_the_shape_of_c_attn(rows: int, columns: int, transposed: bool) -> None:
    shapes = {
        "transformer.h.0.attn.c_attn.weight": (rows, columns),
        "transformer.h.0.attn.c_proj.weight": (8, 8),
        "transformer.h.0.mlp.c_proj.weight": (32, 8) if transposed else (8, 32),
    }
    refs = map_names(all_stored(shapes), config_of(hidden_size=8, num_attention_heads=2))
    assert [ref.role for ref in refs] == [Role.Q, Role.K, Role.V, Role.O, Role.DOWN]
    assert {ref.parts[0].transposed for ref in refs} == {transposed}
    assert [ref.shape for ref in refs] == [(8, 8)] * 4 + [(8, 32)]


def test_of_two_claimants_the_first_keeps_the_place() -> None:
    shapes = {"cls.predictions.bias": (30,), "cls.predictions.decoder.bias": (30,)}
    refs = map_names(all_stored(shapes), config_of(model_type="bert"))
    assert [ref.role for ref in refs] == [Role.LM_HEAD, Role.OTHER]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight", Role.ADAPTER),
        ("base_model.model.model.layers.3.self_attn.q_proj.base_layer.weight", Role.Q),
        ("model.layers.3.self_attn.q_proj.weight_scale_inv", Role.BUFFER),
        ("mtp.layers.0.self_attn.q_proj.weight", Role.MULTI_TOKEN),
        ("model.mtp_block.0.mlp.up_proj.weight", Role.MULTI_TOKEN),
        ("model.visual.patch_embed.proj.weight", Role.VISION),
        ("audio_tower.conv1.weight", Role.AUDIO),
        ("score.weight", Role.CLASSIFIER),
        ("model.layers.3.linear_attn.in_proj_qkvz.weight", Role.MIXER_QKV),
    ],
)
def test_parts_beside_the_language_model(name: str, role: Role) -> None:
    refs = map_names([stored(name, (8, 8))], config_of(hidden_size=8, num_attention_heads=2))
    assert [ref.role for ref in refs] == [role]


def test_gguf_stacks_of_experts_stand_upright_whatever_the_architecture() -> None:
    shapes = {f"blk.0.ffn_{name}_exps.weight": (3, 12, 16) for name in ("gate", "up")}
    shapes["blk.0.ffn_down_exps.weight"] = (3, 16, 12)
    refs = map_names(all_stored(shapes), config_of(model_type="llama4", hidden_size=16))
    assert {(ref.role, ref.shape) for ref in refs} == {
        (Role.GATE, (12, 16)),
        (Role.UP, (12, 16)),
        (Role.DOWN, (16, 12)),
    }
    assert {ref.expert for ref in refs} == {0, 1, 2}


def test_a_long_stack_is_not_unrolled() -> None:
    refs = map_names([stored("model.layers.0.mlp.experts.gate_up_proj", (10**7, 4, 8))], config_of(hidden_size=8))
    assert [ref.role for ref in refs] == [Role.OTHER]


def test_linear_attention_of_fewer_keys_than_values_is_split_by_the_configuration() -> None:
    keys = {"linear_num_key_heads": 2, "linear_key_head_dim": 4}
    config = config_of(hidden_size=8, linear_num_value_heads=4, linear_value_head_dim=4, **keys)
    name = "model.layers.3.linear_attn.in_proj_qkv.weight"
    refs = map_names([stored(name, (32, 8))], config)
    assert [(ref.role, ref.shape) for ref in refs] == [
        (Role.MIXER_Q, (8, 8)),
        (Role.MIXER_K, (8, 8)),
        (Role.MIXER_V, (16, 8)),
    ]
    assert [ref.role for ref in map_names([stored(name, (32, 8))], config_of(hidden_size=8))] == [Role.MIXER_QKV]
