"""Invented names: roles are guessed where words and shapes agree, and marked as guesses."""

from __future__ import annotations

import pytest

from lineage_audit.checkpoint.names import map_names
from lineage_audit.checkpoint.roles import Role
from tests.checkpoint.names.schemes import FFN, HIDDEN, KV, SCHEMES, SHAPES, VOCABULARY, shapes_of
from tests.checkpoint.names.stored import all_stored, config_of, duplicate_keys, stored

FUSED = {"q": (HIDDEN, HIDDEN), "k": (KV, HIDDEN), "v": (KV, HIDDEN)}
_CONFIGS = {"with sizes": {"hidden_size": HIDDEN, "num_attention_heads": 8}, "without": {}}


@pytest.mark.parametrize("config", _CONFIGS.values(), ids=_CONFIGS)
@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_a_renamed_llama_is_recognised(scheme: dict[str, str], config: dict[str, object]) -> None:
    refs = map_names(all_stored(shapes_of(scheme)), config_of(**config))
    assert duplicate_keys(refs) == []
    for role, pattern in scheme.items():
        # Head counts tell how a fused tensor splits; without them it stays whole.
        parts = FUSED if role == "qkv" and config else {role: SHAPES[role]}
        for layer in (0, 2) if "{}" in pattern else (None,):
            found = {ref.role.value: ref for ref in refs if ref.name == pattern.format(layer)}
            assert {part: (ref.layer, ref.shape) for part, ref in found.items()} == {
                part: (layer, shape) for part, shape in parts.items()
            }
    assert sum(ref.inferred for ref in refs) > len(refs) / 2


def test_the_parts_of_a_guessed_fused_tensor_follow_each_other() -> None:
    shapes = {"net.cells.0.attn.qkv.weight": SHAPES["qkv"], "net.cells.0.attn.out.weight": (HIDDEN, HIDDEN)}
    refs = map_names(all_stored(shapes), config_of(**_CONFIGS["with sizes"]))
    rows = {ref.role.value: (ref.parts[0].rows.offset, ref.parts[0].rows.count) for ref in refs}
    assert (rows["q"], rows["k"], rows["v"]) == ((0, HIDDEN), (HIDDEN, KV), (HIDDEN + KV, KV))


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_a_table_is_not_a_guess(scheme: dict[str, str]) -> None:
    known = {"model.layers.0.self_attn.q_proj.weight": (HIDDEN, HIDDEN)}
    refs = map_names(all_stored(known | shapes_of(scheme)), config_of())
    assert refs[0].role is Role.Q
    assert not refs[0].inferred


def test_transposed_weights_are_recognised_by_the_ffn() -> None:
    scheme = SCHEMES["nova"]
    transposed = {n: s[::-1] if ".blocks." in n else s for n, s in shapes_of(scheme).items()}
    refs = {ref.name: ref for ref in map_names(all_stored(transposed), config_of())}
    for role, pattern in scheme.items():
        ref = refs[pattern.format(1)]
        assert (ref.role.value, ref.shape) == (role, SHAPES[role])
        assert ref.parts[0].transposed is ("{}" in pattern and len(ref.shape) == 2)


def test_biases_follow_their_weights() -> None:
    shapes = shapes_of(SCHEMES["nova"])
    biases = {name.replace(".weight", ".bias"): shape[:1] for name, shape in shapes.items() if ".attn.w" in name}
    refs = {ref.name: ref for ref in map_names(all_stored(shapes | biases), config_of())}
    for name in biases:
        weight = refs[name.replace(".bias", ".weight")]
        assert (refs[name].role, refs[name].slot, refs[name].layer) == (weight.role, "bias", weight.layer)


def test_experts_and_their_router() -> None:
    shapes = {n: s for n, s in shapes_of(SCHEMES["nova"]).items() if ".ffn." not in n}
    for layer in range(3):
        shapes[f"nova.blocks.{layer}.moe.chooser.weight"] = (4, HIDDEN)
        for expert in range(4):
            for role in ("gate", "up", "down"):
                shapes[f"nova.blocks.{layer}.moe.experts.{expert}.{role}.weight"] = SHAPES[role]
    refs = {ref.name: ref for ref in map_names(all_stored(shapes), config_of())}
    down = refs["nova.blocks.2.moe.experts.3.down.weight"]
    assert (down.role, down.layer, down.expert) == (Role.DOWN, 2, 3)
    assert refs["nova.blocks.1.moe.chooser.weight"].role is Role.ROUTER


def test_two_names_for_one_place_settle_nothing() -> None:
    shapes = shapes_of(SCHEMES["nova"])
    rivals = {name.replace(".wq.", ".query."): shape for name, shape in shapes.items() if ".wq." in name}
    refs = map_names(all_stored(shapes | rivals), config_of())
    disputed = {ref.role for ref in refs if ".wq." in ref.name or ".query." in ref.name}
    assert disputed == {Role.OTHER}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("nova.blocks.0.ffn.up.weight", (FFN, HIDDEN + 1)),
        ("nova.blocks.0.attn.wk.weight", (HIDDEN + 3, KV)),
        ("nova.blocks.0.attn.wq.weight", (HIDDEN,)),
        ("nova.blocks.0.zig.weight", (HIDDEN, HIDDEN)),
        ("nova.adapter_state.weight", (7, 9)),
    ],
)
def test_words_without_a_fitting_shape_settle_nothing(name: str, shape: tuple[int, ...]) -> None:
    shapes = {"nova.tok_emb.weight": (VOCABULARY, HIDDEN), "nova.out_norm.weight": (HIDDEN,), name: shape}
    refs = {ref.name: ref for ref in map_names(all_stored(shapes), config_of(hidden_size=HIDDEN))}
    assert refs[name].role is Role.OTHER
    assert not refs[name].inferred


def test_packed_integers_are_not_weights() -> None:
    refs = map_names(
        [stored("nova.blocks.0.attn.wq.qweight", (HIDDEN, HIDDEN), dtype="I32")], config_of(hidden_size=HIDDEN)
    )
    assert refs[0].role is Role.OTHER
