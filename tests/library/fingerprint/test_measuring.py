"""Sketches as measured tensors: what they say is what the weights say, and nothing that they cannot know."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.checkpoint.roles import Role
from lineage_audit.comparison.alignment.maps import ResidualMap
from lineage_audit.comparison.evidence import channel_signs
from lineage_audit.comparison.evidence.base import WeightComparison
from lineage_audit.comparison.evidence.query_key_signs import units_of_dims
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.shares.weights import measure_shares, relative_delta
from lineage_audit.comparison.symmetries.geometry import Heads, Rotary
from lineage_audit.comparison.symmetries.setting import comparison_of
from lineage_audit.library.fingerprint import Fingerprint
from lineage_audit.library.fingerprint.measuring import compare_sketches
from lineage_audit.library.fingerprint.skeleton import skeleton
from lineage_audit.library.fingerprint.vectors import UnitVectors, same_numbers
from tests.comparison.symmetry_worlds import flip_ffn_units
from tests.library.models import SIZE, fingerprint
from tests.models import Size, Weights, llama, noisy

BASE = llama(1, SIZE)


def measured(a: Fingerprint, b: Fingerprint) -> WeightComparison:
    models = skeleton(a), skeleton(b)
    setting = comparison_of(*models, pair_tensors(*models).pairs, {})
    return compare_sketches(same_numbers(UnitVectors(a), UnitVectors(b)), ResidualMap("same"), setting)


def of(weights: Weights, other: Weights, size: Size = SIZE) -> WeightComparison:
    return measured(fingerprint(weights, size), fingerprint(other, size))


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1, 0.3, 0.6])
def test_the_size_of_a_change_is_read_through_the_quantisation(noise: float) -> None:
    comparison = of(BASE, noisy(BASE, 2, noise))
    matrices = [part for part in comparison.matrices() if part.pair.b.role != Role.EMBED]
    assert relative_delta(matrices) == pytest.approx(noise, rel=0.1)


def test_a_negated_unit_negates_its_cosine_and_changes_no_other() -> None:
    """The factor that undoes the quantisation sees no sign, so that the random signs stay free."""
    other = noisy(BASE, 2, 0.1)
    plain, flipped = of(BASE, other), of(BASE, flip_ffn_units(other, SIZE, np.random.default_rng(1)))
    for role, axis in ((Role.UP, "rows"), (Role.DOWN, "columns"), (Role.GATE, "rows")):
        one, two = (getattr(comparison.find(role, 1), axis).cosine for comparison in (plain, flipped))
        np.testing.assert_allclose(np.abs(one), np.abs(two), atol=1e-6)
        assert (np.sign(one) != np.sign(two)).any() == (role != Role.GATE)


def test_equal_sketches_are_no_equal_weights() -> None:
    comparison = of(BASE, BASE)
    assert comparison.measurements
    assert not any(part.is_equal or part.copied or part.rounded for part in comparison.measurements.values())
    assert measure_shares(comparison).copied is None
    assert measure_shares(comparison).explained == pytest.approx(1.0)


def test_numbers_of_sketches_are_no_channels() -> None:
    """A model may be as wide as a sketch is long."""
    narrow = Size(layers=3, hidden=64, heads=4, kv_heads=2, ffn=80, vocab=160)
    found = channel_signs.measure(of(llama(1, narrow), noisy(llama(1, narrow), 2, 0.1), narrow))
    assert found.finding.startswith("64 residual channels")
    assert found.effect == pytest.approx(1.0, abs=0.1)
    assert found.spread is not None
    assert found.spread.scale <= 64**0.5 * 1.01  # one cosine a channel, that of its embeddings


def test_sketched_dimensions_of_a_head_keep_their_rotary_pairs() -> None:
    few = Heads(4, 4, 2, 1, dims=(0, 5, 32, 37))
    assert units_of_dims(few, Rotary(64, adjacent=False)).tolist() == [0, 1, 0, 1]
    assert units_of_dims(few, Rotary(64, adjacent=True)).tolist() == [0, 1, 2, 3]
    assert units_of_dims(few, None).tolist() == [0, 0, 0, 0]


def test_what_a_measurement_counts_is_what_it_stands_for() -> None:
    comparison = of(BASE, BASE)
    by_role = {part.pair.b.role: part.weight for part in comparison.matrices() if part.pair.b.layer == 0}
    assert by_role[Role.UP] == SIZE.ffn * SIZE.hidden
    assert by_role[Role.Q] == SIZE.heads * SIZE.head_dim * SIZE.hidden
