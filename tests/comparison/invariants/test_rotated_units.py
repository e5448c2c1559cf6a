"""FFN units find each other in a stream that was turned, all of them or as many as two samples share."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.invariants import asking
from lineage_audit.comparison.invariants.anchor_tokens import read_anchor_tokens
from lineage_audit.comparison.invariants.rotated_units import match_rotated_units
from lineage_audit.comparison.invariants.unit_columns import UnitMatch
from tests.comparison.alignment.disguises import flip_units, permute_units, rotate_residual
from tests.models import WIDE, Size, Weights, llama, llama_config, model, noisy, with_a_narrow_ffn

LARGE = Size(layers=2, heads=WIDE.heads, kv_heads=WIDE.kv_heads, hidden=WIDE.hidden, ffn=2048)
BUDGET = 2**26


def _matches(a: Weights, b: Weights, size: Size, budget: int = BUDGET) -> tuple[UnitMatch, ...]:
    config = llama_config(size)
    models = model(a, config), model(b, config)
    tokens = read_anchor_tokens(*models, None)
    assert tokens is not None
    layers = {layer: layer for layer in range(size.layers)}
    return match_rotated_units(*(CanonicalWeights(one) for one in models), tokens, layers, budget)


def _turned(weights: Weights, size: Size) -> Weights:
    return rotate_residual(weights, np.random.default_rng(4), size)


def test_units_that_kept_their_places_find_themselves() -> None:
    parent = llama(1, LARGE)
    for match in _matches(parent, _turned(noisy(parent, 3, 0.1), LARGE), LARGE):
        assert match.is_sampled
        assert match.is_found
        assert len(match.units) == match.asked == 512
        np.testing.assert_array_equal(match.units, match.a_units)
        assert match.cosines.min() > 0.9


def test_units_in_another_order_find_each_other_where_both_were_read() -> None:
    parent = llama(1, LARGE)
    moved = permute_units(noisy(parent, 3, 0.1), np.random.default_rng(5), LARGE)
    for match in _matches(parent, _turned(moved, LARGE), LARGE):
        assert match.is_found
        assert 64 < len(match.units) < 192  # of 512 rows of 2,048 units the other model has a quarter
        own, theirs = (
            weights[f"model.layers.{match.block.layer}.mlp.up_proj.weight"][units]
            for weights, units in ((moved, match.units), (parent, match.a_units))
        )
        cosines = (own * theirs).sum(1) / (np.linalg.norm(own, axis=1) * np.linalg.norm(theirs, axis=1))
        assert cosines.min() > 0.9


def test_negated_units_agree_with_the_other_sign() -> None:
    parent = llama(1, WIDE)
    for match in _matches(parent, _turned(flip_units(parent, np.random.default_rng(5)), WIDE), WIDE):
        assert not match.is_sampled
        assert 0 < int((match.cosines < 0).sum()) < len(match.cosines)


def test_ffns_of_a_stranger_have_no_counterparts() -> None:
    parent, stranger = llama(1, LARGE), llama(2, LARGE)
    child = {name: stranger[name] if "mlp" in name else values for name, values in parent.items()}
    matches = _matches(parent, _turned(child, LARGE), LARGE)
    assert matches
    assert not any(match.is_found or len(match.units) for match in matches)


def test_the_budget_bounds_what_is_read() -> None:
    parent = llama(1, LARGE)
    (match,) = _matches(parent, _turned(parent, LARGE), LARGE, budget=64 * 4 * LARGE.hidden * 4)
    assert match.asked == 64


def test_ffns_of_several_sizes_are_no_trouble() -> None:
    parent = llama(1, LARGE)
    (match,) = _matches(with_a_narrow_ffn(parent), with_a_narrow_ffn(_turned(parent, LARGE)), LARGE)
    assert match.block.layer == 0
    assert match.is_found


@pytest.mark.parametrize(("seed", "relation"), [(1, "derived"), (2, "inconclusive")])
def test_a_rotated_model_without_keys_is_found_by_its_units(
    seed: int, relation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFNs of the parent, or of a stranger, beside the parent's embeddings, in a model whose keys cannot be asked."""
    monkeypatch.setattr(asking, "plan_keys", lambda *_, **__: None)
    parent, ffns, config = llama(1, WIDE), llama(seed, WIDE), llama_config(WIDE)
    child = {name: ffns[name] if "mlp" in name else values for name, values in parent.items()}
    moved = permute_units(noisy(child, 3, 0.1), np.random.default_rng(5), WIDE)
    report = compare_checkpoints(model(parent, config), model(_turned(moved, WIDE), config), effort="sample")
    assert report.verdict.relation == relation
    if relation == "derived":
        assert "FFN units" in report.verdict.summary
        assert {"residual-rotated", "units-permuted"} <= {operation.kind for operation in report.verdict.operations}
