"""FFN units that few numbers cannot tell find each other by whole rows, over channels that embeddings matched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.invariants.unit_columns import UnitMatch
from lineage_audit.comparison.invariants.unit_rows import match_unit_rows
from tests.comparison.alignment.disguises import flip_attention, permute_channels, permute_heads, permute_units
from tests.models import WIDE, Size, Weights, gpt2, gpt2_config, llama, llama_config, model, noisy, with_a_narrow_ffn

BUDGET = 2**26
LARGE = replace(WIDE, ffn=2048)


def _half_of(parent: Weights, stranger: Weights, share: float = 0.5) -> Weights:
    """Weights that agree with a parent's at a cosine, as those of one start do."""
    return {
        name: share * parent[name] + np.float32(np.sqrt(1 - share**2)) * values if values.ndim == 2 else values
        for name, values in stranger.items()
    }


def _matches(a: Weights, b: Weights, size: Size = WIDE, budget: int = BUDGET) -> tuple[UnitMatch, ...]:
    config = llama_config(size)
    weights = (CanonicalWeights(model(one, config)) for one in (a, b))
    return match_unit_rows(*weights, ResidualMap("same"), {}, budget)


def test_units_of_one_start_are_paired_in_another_order() -> None:
    parent, random = llama(1, WIDE), np.random.default_rng(5)
    child = _half_of(parent, llama(2, WIDE))
    moved = permute_units(child, random)
    for match in _matches(parent, moved):
        assert match.source.layer == match.block.layer
        own = moved[f"model.layers.{match.block.layer}.mlp.up_proj.weight"][match.units]
        theirs = child[f"model.layers.{match.block.layer}.mlp.up_proj.weight"][match.a_units]
        assert (own == theirs).all(axis=1).mean() > 0.95
        assert match.match_margin > 0.3


def test_strangers_find_no_counterpart() -> None:
    matches = _matches(llama(1, WIDE), llama(2, WIDE))
    assert matches
    assert not any(len(match.units) for match in matches)
    assert max(match.match_margin for match in matches) < 0.1


def test_of_a_large_ffn_a_run_is_read() -> None:
    parent = llama(1, LARGE)
    (match,) = _matches(parent, noisy(parent, 3, 0.1), LARGE)
    assert match.asked == 256
    np.testing.assert_array_equal(match.units, match.a_units)
    (match,) = _matches(parent, noisy(parent, 3, 0.1), LARGE, budget=64 * 4 * LARGE.hidden * 4)
    assert match.asked == 64


def test_ffns_of_other_sizes_are_not_held_against_each_other() -> None:
    narrow = replace(WIDE, ffn=128)
    weights = (CanonicalWeights(model(llama(1, size), llama_config(size))) for size in (WIDE, narrow))
    assert match_unit_rows(*weights, ResidualMap("same"), {}, BUDGET) == ()


def test_ffns_of_several_sizes_are_no_trouble() -> None:
    parent = with_a_narrow_ffn(llama(1, WIDE))
    (match,) = _matches(parent, parent)
    assert match.block.layer == 0
    assert len(match.units) == WIDE.ffn


@pytest.mark.parametrize(("share", "relations"), [(0.45, {"shared-origin"}), (0.0, {"independent"})])
def test_a_start_in_common_shows_where_every_sign_was_drawn_anew(share: float, relations: set[str]) -> None:
    child, random = _half_of(llama(1, WIDE), llama(2, WIDE), share), np.random.default_rng(4)
    for disguise in (permute_units, flip_attention, permute_heads, permute_channels):
        child = disguise(child, random)
    config = llama_config(WIDE)
    verdict = compare_checkpoints(model(llama(1, WIDE), config), model(child, config), effort="sample").verdict
    assert verdict.relation in relations


def test_a_start_in_common_shows_without_rotary_positions() -> None:
    """A GPT-2 has neither keys with a frequency nor a gate: its channels, and then its units, are in another order."""
    parent, random = gpt2(1, WIDE), np.random.default_rng(4)
    child, order = _half_of(parent, gpt2(2, WIDE), 0.6), random.permutation(WIDE.hidden)
    moved = {name: values[..., order] if values.shape[-1] == WIDE.hidden else values for name, values in child.items()}
    for name, values in moved.items():
        if name.endswith(("c_attn.weight", "c_fc.weight")):
            moved[name] = values[order]
    for layer in range(WIDE.layers):
        units = random.permutation(WIDE.ffn)
        moved[f"h.{layer}.mlp.c_fc.weight"] = moved[f"h.{layer}.mlp.c_fc.weight"][:, units]
        moved[f"h.{layer}.mlp.c_proj.weight"] = moved[f"h.{layer}.mlp.c_proj.weight"][units]
    config = gpt2_config(WIDE)
    report = compare_checkpoints(model(parent, config), model(moved, config), effort="sample")
    assert report.verdict.relation in ("shared-origin", "derived")
    assert "FFN units" in {item.test_id: item for item in report.evidence}["unit-column-agreement"].finding
