"""An expert is told by its router's row, in whatever order experts, channels and signs stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef
from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.invariants import aligning
from lineage_audit.comparison.invariants.experts import expert_of
from lineage_audit.comparison.symmetries.ffn_blocks import FfnBlock
from tests.comparison.alignment.mixtures import (
    DIALECTS,
    EXPERTS,
    QWEN,
    Dialect,
    blocks_of,
    mixture,
    mixture_config,
    permute,
    permute_channels,
    renumber_experts,
)
from tests.models import Weights, model, noisy

ROUTER = "model.layers.1.mlp.gate.weight"


def _canonical(weights: Weights, dialect: Dialect = QWEN) -> CanonicalWeights:
    return CanonicalWeights(model(weights, mixture_config(dialect)))


def _sources(a: Weights, b: Weights, dialect: Dialect = QWEN) -> list[int | None]:
    first = FfnBlock(1, 0)
    both = _canonical(a, dialect), _canonical(b, dialect)
    return [expert_of(*both, first, FfnBlock(1, expert), ResidualMap("same")).expert for expert in range(EXPERTS)]


@pytest.mark.parametrize("name", DIALECTS)
def test_renumbered_experts_find_their_sources(name: str) -> None:
    dialect = DIALECTS[name]
    weights = mixture(1, dialect)
    for seed in range(3):
        moved = noisy(renumber_experts(weights, np.random.default_rng(seed)), seed=9, size=0.2)
        order = [int(np.abs(weights[ROUTER] - row).sum(axis=1).argmin()) for row in moved[ROUTER]]
        assert _sources(weights, moved, dialect) == order


def test_a_router_of_its_own_says_nothing() -> None:
    weights = mixture(1, QWEN)
    assert _sources(weights, weights | {ROUTER: mixture(2, QWEN)[ROUTER]}) == [0] * EXPERTS


def _turned(weights: Weights) -> Weights:
    """Every expert one place further, its row of the router with it."""
    turned = {name: np.roll(values, 1, axis=0) if "mlp.gate." in name else values for name, values in weights.items()}
    for name in (name for name in weights if ".experts." in name):
        before, _, rest = name.partition(".experts.")
        expert, _, part = rest.partition(".")
        turned[f"{before}.experts.{(int(expert) + 1) % EXPERTS}.{part}"] = weights[name]
    return turned


def test_a_sample_finds_units_of_experts_in_another_order() -> None:
    rng = np.random.default_rng(3)
    weights = mixture(1, QWEN)
    disguised = permute_channels(permute(_turned(weights), blocks_of(weights), rng), rng)
    config = mixture_config(QWEN)
    report = compare_checkpoints(model(weights, config), model(disguised, config), effort="sample")
    assert report.verdict.relation == "derived"
    assert {"units-permuted", "channels-permuted"} <= {operation.kind for operation in report.verdict.operations}


def test_what_no_map_reaches_is_not_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model has tens of thousands of experts' matrices, of which a sample maps a few."""
    asked: list[TensorRef] = []
    paired = aligning.aligned_pairs

    def recording(a: CanonicalWeights, b: CanonicalWeights, tensors: Iterable[TensorRef], *others: Any) -> Any:
        asked.extend(tensors)
        return paired(a, b, asked, *others)

    monkeypatch.setattr(aligning, "aligned_pairs", recording)
    rng = np.random.default_rng(3)
    weights = mixture(1, QWEN)
    disguised = permute_channels(permute(_turned(weights), blocks_of(weights), rng), rng)
    config = mixture_config(QWEN)
    compare_checkpoints(model(weights, config), model(disguised, config), effort="sample")
    mapped = {(tensor.layer, tensor.expert) for tensor in asked if tensor.role is Role.UP}
    assert len(mapped) == len({layer for layer, _ in mapped}) > 0
