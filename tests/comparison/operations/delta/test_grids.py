"""Grids stored back as floats are found, whatever scheme placed them; other weights lie on none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from msgspec.structs import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import MatrixPair, Moments
from lineage_audit.comparison.operations.delta.quantized import find_quantization
from lineage_audit.comparison.operations.delta.spectrum import spectrum_of
from lineage_audit.comparison.operations.directed import DirectedOperation
from tests.models import Array, bfloat16

Places = Callable[[Array, int], Array]
PARENT = bfloat16((0.02 * np.random.default_rng(1).standard_normal((32, 512))).astype(np.float32))


def symmetric(groups: Array, bits: int) -> Array:
    steps = np.abs(groups).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.round(groups / steps) * steps


def to_the_lowest(groups: Array, bits: int) -> Array:
    half = 2 ** (bits - 1)
    steps = np.abs(groups).max(axis=1, keepdims=True) / half
    return np.clip(np.round(groups / steps), -half, half - 1) * steps


def with_zero_point(groups: Array, bits: int) -> Array:
    low = groups.min(axis=1, keepdims=True)
    steps = (groups.max(axis=1, keepdims=True) - low) / (2**bits - 1)
    zero = np.round(-low / steps)
    return (np.clip(np.round(groups / steps) + zero, 0, 2**bits - 1) - zero) * steps


def from_the_least(groups: Array, bits: int) -> Array:
    low = groups.min(axis=1, keepdims=True)
    steps = (groups.max(axis=1, keepdims=True) - low) / (2**bits - 1)
    return np.round((groups - low) / steps) * steps + low


def clipped(groups: Array, bits: int) -> Array:
    steps = 0.9 * np.abs(groups).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.clip(np.round(groups / steps), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * steps


def stored(places: Places, bits: int, group: int) -> Array:
    grouped = PARENT.reshape(-1, group).astype(np.float64)
    return bfloat16(places(grouped, bits).reshape(PARENT.shape).astype(np.float32))


def looked_at(child: Array) -> DirectedOperation | None:
    spectrum = spectrum_of(child - PARENT, 0.0)
    moments = Moments(1.0, 3.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0)
    pair = MatrixPair(
        Role.UP, 0, PARENT.shape, PARENT, child, 2.0**-8, frozenset(), True, True, spectrum, 1.0, 1.0, moments
    )
    pairs = [replace(pair, layer=layer) for layer in range(3)]
    return find_quantization(Difference(WeightComparison({}, None, None, None, 0, 0), pairs, 0.1))


SCHEMES: Mapping[str, Places] = {
    "symmetric": symmetric,
    "to-the-lowest": to_the_lowest,
    "zero-point": with_zero_point,
    "from-the-least": from_the_least,
    "clipped": clipped,
}


@pytest.mark.parametrize("group", [512, 128, 64, 32])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_grid_is_found_with_its_bits_and_groups(scheme, bits, group):
    found = looked_at(stored(SCHEMES[scheme], bits, group))
    assert found is not None
    grouping = "one scale a row" if group == 512 else f"one scale for {group} weights"
    assert found.operation.detail.endswith(f"rounded to int{bits}, {grouping}")


@pytest.mark.parametrize("bits", [2, 3])
def test_the_coarsest_grids_are_found_by_their_few_values(bits):
    found = looked_at(stored(from_the_least, bits, 64))
    assert found is not None
    assert f"int{bits}" in found.operation.detail


OTHERS: Mapping[str, Array] = {
    "noise": PARENT + 0.05 * PARENT.std() * np.random.default_rng(7).standard_normal(PARENT.shape),
    "heavy tails": 0.02 * np.random.default_rng(8).standard_t(3, PARENT.shape),
    "half pruned": np.where(np.abs(PARENT) < np.quantile(np.abs(PARENT), 0.5), 0, PARENT),
    "two of four pruned": np.where(np.arange(PARENT.size).reshape(PARENT.shape) % 4 < 2, 0, PARENT),
}


@pytest.mark.parametrize("change", OTHERS)
def test_other_weights_lie_on_no_grid(change):
    assert looked_at(bfloat16(OTHERS[change].astype(np.float32))) is None
