"""A sample finds a copy through every disguise, names what was done, and clears strangers of any shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import hadamard

from lineage_audit import Report, Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.comparison.alignment import disguises
from tests.comparison.alignment.disguises import Disguise
from tests.comparison.measuring import most_rejections
from tests.depth import TIMES
from tests.models import WIDE, Size, Weights, llama, llama_config, model, noisy

NAMED: dict[str, tuple[Disguise, set[str]]] = {
    "units": (disguises.permute_units, {"units-permuted"}),
    "scales": (disguises.rescale_units, {"units-permuted", "units-rescaled"}),
    "unit signs": (disguises.flip_units, {"units-permuted", "signs-flipped"}),
    "heads": (disguises.permute_heads, {"heads-permuted"}),
    "attention signs": (disguises.flip_attention, {"signs-flipped"}),
    "channels": (disguises.permute_channels, {"channels-permuted"}),
    "rotation": (disguises.rotate_residual, {"residual-rotated"}),
    "everything": (disguises.everything, {"residual-rotated", "units-permuted", "units-rescaled"}),
}
LAYERED = Size(layers=8, heads=8, kv_heads=4, hidden=WIDE.hidden, ffn=WIDE.ffn)


def _report(a: Weights, b: Weights, size_a: Size = WIDE, size_b: Size = WIDE) -> Report:
    config_a, config_b = (llama_config(size, head_dim=WIDE.head_dim) for size in (size_a, size_b))
    return compare_checkpoints(model(a, config_a), model(b, config_b), effort="sample")


def _verdict(a: Weights, b: Weights, size_a: Size = WIDE, size_b: Size = WIDE) -> Verdict:
    return _report(a, b, size_a, size_b).verdict


def _kinds(verdict: Verdict) -> set[str]:
    return {operation.kind for operation in verdict.operations}


@pytest.mark.parametrize("name", NAMED)
def test_a_disguised_copy_is_found_and_its_disguise_named(name: str) -> None:
    disguise, moves = NAMED[name]
    child = noisy(llama(1, WIDE), seed=3, size=0.1)
    verdict = _verdict(llama(1, WIDE), disguise(child, np.random.default_rng(4)))
    assert verdict.relation == "derived"
    assert moves <= _kinds(verdict)
    assert (verdict.explained_variance or 0.0) > 0.8


@pytest.mark.parametrize("name", NAMED)
def test_a_disguised_stranger_is_cleared(name: str) -> None:
    disguise, _ = NAMED[name]
    verdict = _verdict(llama(1, WIDE), disguise(llama(2, WIDE), np.random.default_rng(4)))
    assert verdict.relation == "independent"
    assert verdict.operations == ()
    assert verdict.detection_limit is not None
    assert any("FFN units under" in caveat for caveat in verdict.caveats)


def test_a_stranger_of_another_width_is_cleared() -> None:
    size = replace(WIDE, hidden=96, ffn=192)
    assert _verdict(llama(1, WIDE), llama(2, size), WIDE, size).relation == "independent"


@pytest.mark.parametrize("kept", [(0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 7), (0, 2, 3, 5, 7), (7, 6, 5, 4, 3, 2, 1, 0)])
def test_layers_that_were_moved_are_mapped(kept: tuple[int, ...]) -> None:
    parent = llama(1, LAYERED)
    child = _with_layers(noisy(parent, seed=3, size=0.1), kept)
    size = replace(LAYERED, layers=len(kept))
    report = _report(parent, disguises.permute_channels(child, np.random.default_rng(4), size), LAYERED, size)
    assert report.verdict.relation == "derived"
    agreement = {item.test_id: item for item in report.evidence}["rotary-agreement"]
    assert [layer.layer for layer in agreement.per_layer] == list(range(len(kept)))
    assert min(layer.effect for layer in agreement.per_layer) > 0.3


def test_attention_taken_alone_is_found() -> None:
    """Embeddings and attention of the parent, in another order; FFNs of a stranger."""
    parent, stranger = llama(1, WIDE), llama(2, WIDE)
    child = {name: stranger[name] if "mlp" in name else values for name, values in parent.items()}
    disguised = disguises.permute_channels(
        disguises.permute_heads(child, np.random.default_rng(3)), np.random.default_rng(4)
    )
    assert _verdict(parent, disguised).relation in ("derived", "shared-origin")


def test_channels_that_kept_their_numbers_hide_no_layers_whose_signs_were_drawn_anew() -> None:
    """Every exact test of the layers is at chance then, and what they agree by in size is more than a common basis."""
    child = noisy(llama(1, WIDE), seed=3, size=0.1)
    for disguise in (disguises.flip_units, disguises.flip_attention, disguises.permute_heads):
        child = disguise(child, np.random.default_rng(4))
    report = _report(llama(1, WIDE), child)
    in_place = {item.test_id: item.log10_p or 0.0 for item in report.evidence}
    assert min(in_place[test_id] for test_id in ("ffn-signs", "value-output-signs", "query-key-signs")) > -3
    assert in_place["channel-fixed-points"] < -6
    assert report.verdict.relation == "derived"


@pytest.mark.parametrize("relation", ["copied", "strangers"])
def test_ffns_taken_alone_are_found_by_the_gains_of_their_norms(relation: str) -> None:
    """FFNs of the parent, with the norms before them, in another order; embeddings and attention of a stranger."""
    parent, stranger = llama(1, LAYERED), llama(2, LAYERED)
    taken = {name: values for name, values in parent.items() if "mlp" in name or "post_attention" in name}
    child = noisy(stranger | (taken if relation == "copied" else {}), seed=3, size=0.05)
    moved = disguises.permute_units(child, np.random.default_rng(3), LAYERED)
    verdict = _verdict(parent, disguises.permute_channels(moved, np.random.default_rng(4), LAYERED), LAYERED, LAYERED)
    assert verdict.relation in (("derived", "shared-origin") if relation == "copied" else ("independent",))
    assert "heads-permuted" not in _kinds(verdict)


@pytest.mark.parametrize("disguise", [disguises.permute_channels, disguises.rotate_residual])
def test_embeddings_taken_alone_are_no_independence(disguise: Disguise) -> None:
    parent, stranger = llama(1, WIDE), llama(2, WIDE)
    child = {name: parent[name] if "embed" in name or "lm_head" in name else stranger[name] for name in parent}
    verdict = _verdict(parent, disguise(child, np.random.default_rng(4)))
    assert verdict.relation == "inconclusive"
    assert "embeddings" in verdict.summary


def test_one_layer_exported_many_times_is_one_random_sign() -> None:
    """Universal transformers: strangers whose layers are all copies of one."""
    runs, rejected = 8 * TIMES, 0
    for seed in range(runs):
        a, b = (_with_layers(llama(2 * seed + side, WIDE), (0,) * 8) for side in (0, 1))
        size = replace(WIDE, layers=8)
        evidence = {item.test_id: item for item in _report(a, b, size, size).evidence}
        rejected += (evidence["rotary-signs"].log10_p or 0.0) <= -2
        assert evidence["rotary-signs"].count <= WIDE.kv_heads * WIDE.head_dim // 2
    assert rejected <= most_rejections(runs, 0.01)


@pytest.mark.parametrize("start", ["identity", "hadamard", "masked"])
def test_what_was_set_in_both_is_no_relation(start: str) -> None:
    """Strangers whose FFNs write through one fixed matrix."""
    fixed = {
        "identity": np.eye(WIDE.hidden, WIDE.ffn),
        "hadamard": hadamard(WIDE.ffn)[: WIDE.hidden] / 16,
        "masked": np.where(np.random.default_rng(5).random((WIDE.hidden, WIDE.ffn)) < 0.1, 0.3, 0.0),
    }[start].astype(np.float32)
    a, b = ({name: fixed if "down" in name else v for name, v in llama(seed, WIDE).items()} for seed in (1, 2))
    evidence = {item.test_id: item for item in _report(a, b).evidence}
    assert (evidence["unit-column-agreement"].effect or 0.0) < 0.12
    assert evidence["unit-column-signs"].log10_p is None


def test_without_rotary_positions_nothing_is_said_of_moved_heads() -> None:
    config = {**llama_config(WIDE), "model_type": "opt"}
    report = compare_checkpoints(model(llama(1, WIDE), config), model(llama(2, WIDE), config), effort="sample")
    assert report.verdict.relation in ("independent", "inconclusive")


def _with_layers(weights: Weights, kept: tuple[int, ...]) -> Weights:
    taken = {name: values for name, values in weights.items() if ".layers." not in name}
    for number, layer in enumerate(kept):
        start = f"model.layers.{layer}."
        taken |= {
            f"model.layers.{number}.{name.removeprefix(start)}": values
            for name, values in weights.items()
            if name.startswith(start)
        }
    return taken
