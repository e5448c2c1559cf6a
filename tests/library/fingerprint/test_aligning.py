"""What was moved between two models is named from their sketches as from their weights, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints
from lineage_audit.results import Report
from tests.comparison.symmetry_worlds import (
    SYMMETRIES,
    flip_ffn_units,
    flip_rotary_pairs,
    permute_ffn_units,
    permute_kv_groups,
)
from tests.library.models import SIZE, fingerprint, with_layers
from tests.models import Size, Weights, llama, noisy

BASE = llama(1, SIZE)
UNMOVED = frozenset({"units-permuted", "heads-permuted", "channels-permuted", "signs-flipped", "units-rescaled"})


@pytest.fixture(scope="module")
def base() -> Fingerprint:
    return fingerprint(BASE)


def kinds(report: Report) -> set[str]:
    return {operation.kind for operation in report.verdict.operations}


def moved(base: Fingerprint, weights: Weights, size: Size = SIZE) -> Report:
    return compare_fingerprints(base, fingerprint(weights, size))


def test_signs_that_were_flipped_in_place_are_named(base: Fingerprint) -> None:
    rng = np.random.default_rng(2)
    report = moved(base, flip_ffn_units(BASE, SIZE, rng))
    assert kinds(report) & UNMOVED == {"signs-flipped"}
    assert report.verdict.explained_variance == pytest.approx(1.0, abs=0.01)


def test_heads_that_stand_elsewhere_are_named(base: Fingerprint) -> None:
    report = moved(base, permute_kv_groups(BASE, SIZE, np.random.default_rng(5)))
    assert kinds(report) & UNMOVED == {"heads-permuted"}


def test_units_in_another_order_are_not_a_training(base: Fingerprint) -> None:
    """A few units that no sample of the other side holds must not be matched with whatever resembles them."""
    report = moved(base, permute_ffn_units(BASE, SIZE, np.random.default_rng(6)))
    assert kinds(report) == {"units-permuted"}


def test_scales_of_units_are_undone() -> None:
    rng = np.random.default_rng(7)
    weights = dict(BASE)
    for layer in range(SIZE.layers):
        scales = np.exp(rng.normal(0, 0.4, SIZE.ffn)).astype(np.float32)
        at = f"model.layers.{layer}.mlp."
        weights[at + "up_proj.weight"] = weights[at + "up_proj.weight"] * scales[:, None]
        weights[at + "down_proj.weight"] = weights[at + "down_proj.weight"] / scales
    report = moved(fingerprint(BASE), weights)
    assert "units-rescaled" in kinds(report)
    assert "fine-tuned" not in kinds(report)


def test_layers_without_a_source_are_not_traced(base: Fingerprint) -> None:
    """What the search found stands for the layers that it found, and for no others."""
    other = llama(9, SIZE)
    grown = Size(**{**{f: getattr(SIZE, f) for f in SIZE.__slots__}, "layers": 4})
    weights = with_layers(BASE, [0, 0, 1, 2])
    weights |= {name: values for name, values in with_layers(other, [0, 0, 0, 0]).items() if ".layers.0." in name}
    report = moved(base, weights, grown)
    assert [row.a for row in report.weights.layers] == [0, 1, 2]
    assert report.verdict.derived_share is not None
    assert report.verdict.derived_share <= 0.76


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_strangers_have_no_operations(symmetry: str, base: Fingerprint) -> None:
    report = moved(base, SYMMETRIES[symmetry](llama(11, SIZE), SIZE, np.random.default_rng(8)))
    assert report.verdict.relation == "independent"
    assert not report.verdict.operations


def test_a_kept_order_is_not_called_another(base: Fingerprint) -> None:
    report = moved(base, flip_rotary_pairs(noisy(BASE, 3, 0.2), SIZE, np.random.default_rng(9)))
    assert kinds(report) & UNMOVED <= {"signs-flipped"}


def test_sketches_never_tell_how_much_was_copied(base: Fingerprint) -> None:
    report = moved(base, noisy(BASE, 2, 0.1))
    assert report.verdict.copied_share is None
    assert {role.copied_share for role in report.weights.roles} == {None}
    assert {row.copied_share for row in report.weights.layers} == {None}
