"""Units are told apart by what they hold, and never by zeros or sizes that both models have in the same places."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.channel_fixed_points import zeros_tell
from lineage_audit.comparison.evidence.ffn_fixed_points import TEST
from lineage_audit.comparison.evidence.matched_labels import fixed_point_evidence, match_rows
from tests.models import WIDE, Array, Weights, llama, llama_config, model, noisy

UNITS, WIDTH = 128, 96
CONFIG = llama_config(WIDE)
_SETTING = WeightComparison({}, None, None, None, 1, 1)


def _half(seed: int) -> Array:
    return (np.random.default_rng([seed, 1]).random((UNITS, WIDTH)) < 0.5).astype(np.float32)


def _blocks(_: int) -> Array:
    return np.kron(np.eye(16), np.ones((UNITS // 16, WIDTH // 16))).astype(np.float32)


def _soft_blocks(_: int) -> Array:
    return _blocks(0) + np.float32(0.05)


def _pair(seed: int, mask: Array) -> tuple[Array, Array]:
    a, b = np.random.default_rng(seed).standard_normal((2, UNITS, WIDTH), dtype=np.float32)
    return a * mask, b * mask


@pytest.mark.parametrize("mask", [_half, _blocks, _soft_blocks])
def test_what_both_have_in_the_same_places_makes_no_fixed_points(mask) -> None:
    blocks = []
    for seed in range(60):
        a, b = _pair(seed, mask(seed))
        blocks.append(match_rows(seed, [(a, b)]))
    assert sum(int(block.own.sum()) for block in blocks) > 1.5 * 60  # more than chance gives units that nothing tells
    found = fixed_point_evidence(TEST, "units", blocks, _SETTING, 0)
    assert found.log10_p is not None
    assert found.log10_p > -2
    assert min(layer.log10_p for layer in found.per_layer) > -4


@pytest.mark.parametrize("mask", [_half, _blocks, _soft_blocks])
def test_a_copy_is_found_beneath_its_mask(mask) -> None:
    a, noise = _pair(1, mask(1))
    found = fixed_point_evidence(TEST, "units", [match_rows(0, [(a, a + 0.5 * noise)])], _SETTING, 0)
    assert found.log10_p is not None
    assert found.log10_p < -30


def test_zeros_tell_where_they_stand_in_the_same_places_and_only_there() -> None:
    a, b = _pair(1, np.ones((UNITS, WIDTH), np.float32))
    assert not zeros_tell(a, b)
    assert zeros_tell(a * _half(1), b * _half(1))
    assert not zeros_tell(a * _half(1), b * _half(2))
    assert not zeros_tell(a * (np.arange(WIDTH) < 40), b * (np.arange(WIDTH) < 40))  # the same for every unit


def _masked(weights: Weights) -> Weights:
    rng = np.random.default_rng(7)
    return {
        name: values * (rng.random(values.shape) < 0.5) if values.ndim == 2 else values
        for name, values in weights.items()
    }


def test_strangers_under_one_mask_are_independent_and_a_copy_is_found() -> None:
    a, b, copy = (
        model(_masked(one), CONFIG) for one in (llama(1, WIDE), llama(2, WIDE), noisy(llama(1, WIDE), 3, 0.2))
    )
    assert compare_checkpoints(a, b, effort="full").verdict.relation == "independent"
    assert compare_checkpoints(a, copy, effort="full").verdict.relation == "derived"
