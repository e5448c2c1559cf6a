"""Fingerprints compared: relatives found through disguises, independent models at chance."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.errors import UnsupportedFormatError
from lineage_audit.library.fingerprint import Fingerprint, compare_fingerprints, sketch
from lineage_audit.results import Report
from tests.comparison.alignment.mixtures import sparse_config, sparsely_upcycled
from tests.comparison.measuring import RUNS, assert_never_too_often
from tests.comparison.symmetry_worlds import SYMMETRIES, permute_channels, permute_ffn_units, random_disguise
from tests.library.models import SIZE, fingerprint, rotated, with_layers
from tests.models import Size, gpt2, gpt2_config, llama, model, noisy, related

BASE = llama(1, SIZE)
WANTED_ANY = frozenset({"derived", "shared-origin"})


@pytest.fixture(scope="module")
def base() -> Fingerprint:
    return fingerprint(BASE)


def kinds(report: Report) -> set[str]:
    return {operation.kind for operation in report.verdict.operations}


def test_a_fine_tune_is_derived(base: Fingerprint) -> None:
    report = compare_fingerprints(base, fingerprint(noisy(BASE, 2, 0.1)))
    assert report.verdict.relation == "derived"
    assert report.verdict.grade == "exact"
    assert (report.verdict.log10_p or 0.0) < -100
    assert "fine-tuned" in kinds(report)
    assert report.parameters["relative_distance"] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("size", [0.01, 0.03, 0.3, 0.6])
def test_distances_are_read_through_the_quantisation(size: float, base: Fingerprint) -> None:
    report = compare_fingerprints(base, fingerprint(noisy(BASE, 2, size)))
    assert report.parameters["relative_distance"] == pytest.approx(size, rel=0.1)


def test_equal_files_are_identical(base: Fingerprint) -> None:
    report = compare_fingerprints(base, fingerprint(BASE))
    assert report.verdict.relation == "identical"


@pytest.mark.parametrize("swapped", [False, True])
def test_a_model_of_which_more_was_sketched_is_no_rescaled_one(swapped: bool) -> None:
    wide = Size(layers=2, hidden=64, heads=4, kv_heads=2, ffn=400, vocab=160)
    weights = llama(1, wide)
    some = fingerprint(weights, wide)
    every, moved = (fingerprint(one, wide, every_unit=True) for one in (weights, noisy(weights, 2, 0.1)))
    for other, kind, distance in ((every, set(), 0.0), (moved, {"fine-tuned"}, 0.1)):
        report = compare_fingerprints(*((other, some) if swapped else (some, other)))
        assert kinds(report) == kind
        assert report.parameters["relative_distance"] == pytest.approx(distance, abs=0.02)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_no_single_symmetry_hides_a_fine_tune(symmetry: str, base: Fingerprint) -> None:
    aligned_a = SYMMETRIES[symmetry](noisy(BASE, 2, 0.1), SIZE, np.random.default_rng(3))
    for subject in (fingerprint(aligned_a), fingerprint(aligned_a, every_unit=True)):
        report = compare_fingerprints(base, subject)
        assert report.verdict.relation in WANTED_ANY, (symmetry, report.verdict.summary)
        assert report.verdict.grade == "exact"


def test_all_symmetries_together_leave_calibrated_evidence(base: Fingerprint) -> None:
    aligned_a = random_disguise(noisy(BASE, 2, 0.05), SIZE, np.random.default_rng(3))
    report = compare_fingerprints(base, fingerprint(aligned_a, every_unit=True))
    assert report.verdict.relation == "derived"
    assert report.verdict.grade == "calibrated"


def test_a_rotation_leaves_the_sign_tests_exact(base: Fingerprint) -> None:
    report = compare_fingerprints(base, fingerprint(rotated(noisy(BASE, 2, 0.1), 5)))
    assert report.verdict.relation == "derived"
    assert (report.verdict.log10_p or 0.0) < -20
    assert "residual-rotated" in kinds(report)


def test_moved_units_and_channels_are_named(base: Fingerprint) -> None:
    rng = np.random.default_rng(4)
    aligned_a = permute_channels(permute_ffn_units(BASE, SIZE, rng), SIZE, rng)
    assert {"units-permuted", "channels-permuted"} <= kinds(compare_fingerprints(base, fingerprint(aligned_a)))


def test_layers_are_mapped_many_to_one(base: Fingerprint) -> None:
    grown = Size(**{**{f: getattr(SIZE, f) for f in SIZE.__slots__}, "layers": 5})
    aligned_a = with_layers(BASE, [0, 1, 0, 1, 2])
    report = compare_fingerprints(base, fingerprint(aligned_a, grown))
    assert "layers-duplicated" in kinds(report)
    assert [row.a for row in report.weights.layers] == [0, 1, 0, 1, 2]
    assert report.verdict.direction == "a->b"


def test_one_initialisation_is_not_called_derived(base: Fingerprint) -> None:
    report = compare_fingerprints(base, fingerprint(related(BASE, 7, 0.5)))
    assert report.verdict.relation == "shared-origin"


def test_no_pair_of_independent_models_is_accused() -> None:
    """Fifty pairs, each through every test and alignment: no exact bound below what so many draws allow."""
    models = [fingerprint(llama(seed, SIZE), every_unit=seed % 2 == 0) for seed in range(100, 111)]
    bounds = []
    for first in range(len(models)):
        for second in range(first):
            report = compare_fingerprints(models[first], models[second])
            assert report.verdict.relation == "independent", report.verdict.summary
            bounds += [e.log10_p for e in report.evidence if e.grade == "exact" and e.log10_p is not None]
    assert min(bounds) > -3
    assert np.mean(np.array(bounds) < -2) < 0.01


def test_mixtures_each_made_of_a_dense_model_stay_at_chance() -> None:
    """Experts that were copied from one FFN share its signs."""
    size, experts, bounds = Size(layers=2, hidden=32, heads=4, kv_heads=2, ffn=48, vocab=96), 8, []
    for seed in range(RUNS // 2):
        rng = np.random.default_rng([seed, 3])
        a, b = (
            sketch(
                model(sparsely_upcycled(llama(2 * seed + i, size), experts, rng), sparse_config(size, experts)),
                "full",
                every_unit=True,
            )
            for i in range(2)
        )
        report = compare_fingerprints(a, b)
        assert report.verdict.relation in ("independent", "inconclusive")
        bounds += [item.log10_p or 0.0 for item in report.evidence if item.test_id == "ffn-signs"]
    assert_never_too_often({"ffn-signs": np.array(bounds)})


def test_a_model_without_gates_stands_on_numbers_and_attention() -> None:
    weights = gpt2(1, SIZE)
    a, b = (sketched_gpt2(one) for one in (weights, noisy(weights, 2, 0.1)))
    report = compare_fingerprints(a, b)
    tests = {item.test_id: item.status for item in report.evidence}
    assert tests["ffn-signs"] == "not-applicable"
    assert report.verdict.relation == "derived"
    assert compare_fingerprints(a, sketched_gpt2(gpt2(9, SIZE))).verdict.relation == "independent"


def sketched_gpt2(weights: dict[str, np.ndarray]) -> Fingerprint:
    return sketch(model(weights, gpt2_config(SIZE)))


def test_a_sample_finds_a_fine_tune_and_says_what_it_cannot(base: Fingerprint) -> None:
    sampled = fingerprint(noisy(BASE, 2, 0.1), effort="sample")
    report = compare_fingerprints(base, sampled)
    assert report.verdict.relation == "derived"
    assert any("holds a sample" in caveat for caveat in report.verdict.caveats)
    permuted = fingerprint(permute_ffn_units(noisy(BASE, 2, 0.1), SIZE, np.random.default_rng(1)), every_unit=True)
    assert compare_fingerprints(sampled, permuted).verdict.relation == "derived"


def test_another_scheme_is_refused(base: Fingerprint) -> None:
    from msgspec.structs import replace

    with pytest.raises(UnsupportedFormatError, match="scheme"):
        compare_fingerprints(base, replace(base, scheme="lineage-audit/fingerprint/0-000"))
