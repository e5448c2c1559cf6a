"""What was disguised or cut is found, named and undone; what is independent stays independent through all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit import Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.comparison.alignment import disguises
from tests.comparison.alignment.disguises import Disguise
from tests.depth import TIMES
from tests.models import WIDE, Size, Weights, llama, llama_config, model, noisy

NAMED: dict[str, tuple[Disguise, set[str]]] = {
    "units": (disguises.permute_units, {"units-permuted"}),
    "scales": (disguises.rescale_units, {"units-permuted", "units-rescaled"}),
    "unit signs": (disguises.flip_units, {"units-permuted", "signs-flipped"}),
    "heads": (disguises.permute_heads, {"heads-permuted"}),
    "attention signs": (disguises.flip_attention, {"signs-flipped"}),
    "channels": (disguises.permute_channels, {"channels-permuted", "signs-flipped"}),
    "rotation": (disguises.rotate_residual, {"residual-rotated", "norms-folded"}),
    "everything": (
        disguises.everything,
        {"units-permuted", "units-rescaled", "heads-permuted", "residual-rotated", "norms-folded", "signs-flipped"},
    ),
}
MOVES = set().union(*(moves for _, moves in NAMED.values())) | {"layers-removed", "layers-duplicated", "width-pruned"}


def _verdict(a: Weights, b: Weights, size_a: Size = WIDE, size_b: Size = WIDE) -> Verdict:
    config_a, config_b = (llama_config(size, head_dim=WIDE.head_dim) for size in (size_a, size_b))
    return compare_checkpoints(model(a, config_a), model(b, config_b)).verdict


def _moves(verdict: Verdict) -> set[str]:
    return {operation.kind for operation in verdict.operations} & MOVES


@pytest.mark.parametrize("name", NAMED)
def test_a_pure_disguise_is_undone_to_rounding(name: str) -> None:
    disguise, moves = NAMED[name]
    parent = llama(1, WIDE)
    verdict = _verdict(parent, disguise(parent, np.random.default_rng(2)))
    assert verdict.relation == "derived"
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 1 - 1e-3
    assert _moves(verdict) == moves


@pytest.mark.parametrize("name", NAMED)
def test_a_disguised_fine_tune_is_derived(name: str) -> None:
    disguise, moves = NAMED[name]
    child = noisy(llama(1, WIDE), seed=3, size=0.2)
    verdict = _verdict(llama(1, WIDE), disguise(child, np.random.default_rng(4)))
    assert verdict.relation == "derived"
    assert verdict.grade == "exact"
    assert verdict.log10_p is not None
    assert verdict.log10_p < -20
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 0.9
    assert _moves(verdict) == moves


@pytest.mark.parametrize("name", NAMED)
def test_independent_models_stay_independent_under_every_disguise(name: str) -> None:
    disguise, _ = NAMED[name]
    for seed in range(TIMES):
        rng = np.random.default_rng(seed)
        verdict = _verdict(disguise(llama(10 + seed, WIDE), rng), disguise(llama(20 + seed, WIDE), rng))
        assert verdict.relation == "independent"
        assert not verdict.operations


def test_every_sign_drawn_anew_leaves_calibrated_evidence() -> None:
    rng = np.random.default_rng(5)
    parent = llama(1, WIDE)
    hidden = disguises.everything(disguises.flip_units(noisy(parent, 6, 0.1), rng), rng)
    verdict = _verdict(parent, hidden)
    assert (verdict.relation, verdict.grade) == ("derived", "calibrated")


SIX = replace(WIDE, layers=6)


@pytest.mark.parametrize(
    ("layers", "kind", "direction", "detail"),
    [
        ((0, 1, 2, 3, 2, 3, 4, 5), "layers-duplicated", "a->b", "layers 2–3 of A occur more than once in B"),
        ((0, 2, 3, 5), "layers-removed", "a->b", "layers 1, 4 of A are not in B"),
    ],
)
def test_layers_are_mapped(layers: tuple[int, ...], kind: str, direction: str, detail: str) -> None:
    parent = llama(7, SIX)
    cut = disguises.permute_units(
        disguises.with_layers(noisy(parent, 8, 0.1), layers), np.random.default_rng(9), replace(SIX, layers=len(layers))
    )
    verdict = _verdict(parent, cut, SIX, replace(SIX, layers=len(layers)))
    assert (verdict.relation, verdict.direction) == ("derived", direction)
    assert detail in [operation.detail for operation in verdict.operations if operation.kind == kind]


def test_a_longer_model_given_first_has_grown_where_its_layers_are_copies() -> None:
    parent = llama(7, SIX)
    grown = disguises.with_layers(parent, (0, 1, 2, 3, 2, 3, 4, 5))
    verdict = _verdict(grown, parent, replace(SIX, layers=8), SIX)
    assert (verdict.relation, verdict.direction) == ("derived", "b->a")
    assert _moves(verdict) == {"layers-duplicated"}


def _narrowed(weights: Weights, size: Size) -> Weights:
    rng = np.random.default_rng(11)
    narrow = disguises.keep_channels(weights, np.sort(rng.permutation(WIDE.hidden)[: size.hidden]))
    for layer in range(size.layers):
        kept = np.sort(rng.permutation(WIDE.ffn)[: size.ffn])
        for part in ("gate", "up"):
            name = f"model.layers.{layer}.mlp.{part}_proj.weight"
            narrow[name] = narrow[name][kept]
        name = f"model.layers.{layer}.mlp.down_proj.weight"
        narrow[name] = narrow[name][:, kept]
    return narrow


def test_a_narrower_model_is_mapped_whichever_is_given_first() -> None:
    size = replace(WIDE, hidden=96, ffn=192)
    parent = llama(1, WIDE)
    narrow = _narrowed(noisy(parent, 2, 0.1), size)
    forward, backward = _verdict(parent, narrow, WIDE, size), _verdict(narrow, parent, size, WIDE)
    assert (forward.relation, forward.excluded) == ("derived", ("b->a",))
    assert (backward.relation, backward.excluded) == ("derived", ("a->b",))
    assert forward.log10_p == pytest.approx(backward.log10_p)
    assert _moves(forward) == _moves(backward) == {"width-pruned"}
    detail = "96 of 128 residual channels kept; 192 of 256 FFN units kept in a layer"
    assert detail in [operation.detail for operation in forward.operations]


def test_a_narrower_independent_model_is_not_accused() -> None:
    size = replace(WIDE, hidden=96, ffn=192)
    verdict = _verdict(llama(1, WIDE), _narrowed(llama(2, WIDE), size), WIDE, size)
    assert verdict.relation == "independent"


class _Told:
    """Writes down what progress is told."""

    def __init__(self) -> None:
        self.steps: dict[str, list[int]] = {}

    def begin(self, total: int, what: str) -> None:
        self.steps[what] = [total, 0]
        self._now = what

    def advance(self, read: int, what: str) -> None:  # noqa: ARG002 - the protocol's
        self.steps[self._now][1] += read


def test_the_search_tells_its_steps_and_how_many_layers_are_matched() -> None:
    parent = llama(1, WIDE)
    disguise, _ = NAMED["units"]
    config, told = llama_config(WIDE, head_dim=WIDE.head_dim), _Told()
    compare_checkpoints(model(parent, config), model(disguise(parent, np.random.default_rng(2)), config), progress=told)
    assert told.steps["search for units and heads"] == [WIDE.layers, WIDE.layers]
    assert {"search for channels", "search for layers"} <= told.steps.keys()
