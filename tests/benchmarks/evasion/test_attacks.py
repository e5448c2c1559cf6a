"""The attacks that are called exact leave the function alone, and the table says who won."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.evasion import depths, edits, exact, publishing, widths
from benchmarks.evasion.__main__ import Row, _refitted, table
from benchmarks.zoo.disguises.verification import check_same_function
from benchmarks.zoo.families.axes import NORMS, role_of
from tests.benchmarks.zoo.tiny import tiny

STEPS = {
    "values": exact.mix_values,
    "pairs": exact.turn_rotary_pairs,
    "units": exact.add_dead_units,
    "layers": exact.add_dead_layers,
    "channels": exact.add_dead_channels,
    "gains": exact.replace_gains(
        {name: tensor.abs() + 0.5 for name, tensor in tiny("llama", 5).weights.items() if role_of(name) in NORMS}
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_an_exact_attack_keeps_the_logits(name: str) -> None:
    model = tiny("llama")
    weights = STEPS[name](model.weights, model.anatomy, torch.Generator().manual_seed(1))
    assert any(
        tensor.shape != weights[key].shape or not torch.equal(tensor, weights[key])
        for key, tensor in model.weights.items()
    )
    check_same_function(model, _refitted(model, weights, name))


@pytest.mark.parametrize(
    "step", [widths.hyperclone, widths.widen_at_random, widths.double_units, depths.expand_blocks, edits.move_gains,
             edits.scale_stream(3.0), edits.scale_stream(-1.0)]
)  # fmt: skip
def test_growing_and_moving_keep_the_logits(step) -> None:
    model = tiny("llama")
    check_same_function(
        model, _refitted(model, step(model.weights, model.anatomy, torch.Generator().manual_seed(1)), "")
    )


def test_a_shift_of_all_channels_keeps_the_logits_behind_a_layer_norm() -> None:
    model = tiny("gpt2")
    check_same_function(
        model, _refitted(model, edits.shift_stream(model.weights, model.anatomy, torch.Generator()), "")
    )


def test_what_is_to_be_named_and_is_not_is_said() -> None:
    row = Row(
        "a", "nothing", "derived", -9.0, 1.0, 1.0, 0.0, exact=True, summary="", operations=("changed",), wanted="edited"
    )
    assert row.named == "changed (NOT edited)"
    assert "0 of 1 named" in table([row])
    assert "named" not in table([replace(row, wanted=None)])
    assert Row("a", "nothing", "derived", -9.0, 1.0, 0.0, 0.0, True, "", one_start=True).outcome == "ACCUSED"


@pytest.mark.parametrize(
    ("said", "claimed", "order"),
    [
        ({}, 1.0, "-"),
        ({"direction": "a->b", "excluded": ("b->a",)}, 1.0, "a->b"),
        ({"excluded": ("b->a",)}, 0.4, "not b->a"),
        ({"excluded": ("b->a", "a->b")}, 1.0, "not b->a, a->b (WRONG)"),
        ({"direction": "b->a", "excluded": ("a->b",)}, 1.0, "b->a (WRONG)"),
        ({"excluded": ("b->a",)}, 0.0, "not b->a (WRONG)"),
    ],
)
def test_who_came_first_is_held_against_what_was_done(said: dict, claimed: float, order: str) -> None:
    row = replace(Row("a", "nothing", "derived", -9.0, 1.0, claimed, 0.0, exact=True, summary=""), **said)
    assert row.order == order
    counts = {"-": "of 0, 0 wrong"}.get(order, f"of 1, {int('WRONG' in order)} wrong")
    assert counts in table([row])


def test_split_experts_keep_the_logits() -> None:
    model = tiny("mixtral")
    weights = exact.split_experts(model.weights, model.anatomy, torch.Generator().manual_seed(1))
    check_same_function(model, _refitted(model, weights, "split"))


def test_names_are_exchanged_and_match_margin_back() -> None:
    for name in ("model.layers.0.mlp.gate_proj.weight", "model.layers.1.self_attn.o_proj.weight", "model.norm.weight"):
        assert publishing.swap_roles(publishing.swap_roles(name)) == name
    assert publishing.meaningless_names("a") != publishing.meaningless_names("b")
    assert publishing.rotate_layer_names("model.norm.weight") == "model.norm.weight"


@pytest.mark.parametrize(
    ("relation", "claimed", "outcome"),
    [
        ("derived", 1.0, "found"),
        ("shared-origin", 1.0, "found, as origin"),
        ("independent", 1.0, "MISSED"),
        ("inconclusive", 1.0, "not told"),
        ("derived", 0.0, "ACCUSED"),
        ("independent", 0.0, "cleared"),
    ],
)
def test_the_table_says_who_won(relation: str, claimed: float, outcome: str) -> None:
    row = Row("an attack", "nothing", relation, -10.0, 0.5, claimed, 0.25, exact=False, summary="")
    assert row.outcome == outcome
    assert outcome in table([row])
    assert "+0.25 nats" in table([row])


def test_planted_tensors_stand_beside_the_others(tmp_path: Path) -> None:
    from benchmarks.evasion.__main__ import _share
    from benchmarks.training.publishing import write_weights

    for name in ("own", "third"):
        (tmp_path / name).mkdir()
        write_weights(tmp_path / name, {"a": torch.ones(3), "b": torch.ones(1)})
    publishing.with_tensors_of(tmp_path / "third", lambda name: name == "a", "unused.")(tmp_path / "own")
    assert _share(tmp_path / "own", "unused.") == pytest.approx(3 / 7)
