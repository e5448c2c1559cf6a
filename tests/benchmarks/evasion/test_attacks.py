"""The attacks that are called exact leave the function alone, and the table says who won."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.evasion import exact, publishing
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
