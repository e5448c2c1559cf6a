from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.results import Report
from tests import models
from tests.checkpoint.composed.adapters import adapter, llama_updates
from tests.comparison.adapters.trained import OUT, Factors, Training, opened, starts, train

BASE = train(Training(seed=1, data=1))


def _compare(a: Factors, b: Factors, **stated: object) -> Report:
    return compare_checkpoints(opened(a, **stated), opened(b, **stated))


def _in_other_factors(factors: Factors, seed: int) -> Factors:
    rng = np.random.default_rng(seed)
    mixed = {}
    for module, (a, b) in factors.items():
        mixing = rng.standard_normal((len(a), len(a)))
        mixed[module] = ((mixing @ a).astype(np.float32), (b @ np.linalg.inv(mixing)).astype(np.float32))
    return mixed


def _renumbered(factors: Factors, seed: int) -> Factors:
    rng = np.random.default_rng(seed)
    orders = {module: rng.permutation(len(a)) for module, (a, _) in factors.items()}
    return {module: (a[orders[module]], b[:, orders[module]]) for module, (a, b) in factors.items()}


def test_trained_apart_on_the_same_data_is_independent() -> None:
    report = _compare(BASE, train(Training(seed=2, data=1)))
    assert report.verdict.relation == "independent"
    assert report.verdict.detection_limit is not None
    assert report.verdict.detection_limit < 0.25


def test_never_an_accusation_over_many_independent_pairs() -> None:
    """One data set, one base, one recipe: only the seeds differ."""
    adapters = [train(Training(seed=seed, data=1, steps=30)) for seed in range(10, 18)]
    values = [_compare(one, two).verdict.log10_p or 0.0 for i, one in enumerate(adapters) for two in adapters[i + 1 :]]
    assert len(values) == 28
    assert min(values) > -3.0


def test_one_start_and_other_data_is_a_shared_origin() -> None:
    report = _compare(BASE, train(Training(seed=1, data=2)))
    assert report.verdict.relation == "shared-origin"
    assert report.verdict.grade == "exact"
    assert any("default seed" in text for text in report.verdict.caveats)


def test_trained_on_is_related_and_no_more_is_claimed() -> None:
    report = _compare(BASE, train(Training(seed=9, data=2, order=4), start=BASE))
    assert report.verdict.relation == "shared-origin"
    assert (report.verdict.log10_p or 0.0) < -20


def test_the_same_factors_are_identical() -> None:
    assert _compare(BASE, dict(BASE)).verdict.relation == "identical"


def test_another_scaling_of_the_same_factors_is_derived() -> None:
    report = compare_checkpoints(opened(BASE), opened(BASE, lora_alpha=99))
    assert report.verdict.relation == "derived"


def test_other_lengths_on_the_same_factors_are_not_identical() -> None:
    """DoRA's lengths make another model of the same factors."""
    lengths = [
        {f"{module}.lora_magnitude_vector": np.full(OUT, size, np.float32) for module in BASE} for size in (1, 2)
    ]
    one, other = (adapter(BASE, more, use_dora=True) for more in lengths)
    assert compare_checkpoints(models.checkpoint(one), models.checkpoint(dict(one))).verdict.relation == "identical"
    verdict = compare_checkpoints(models.checkpoint(one), models.checkpoint(other)).verdict
    assert verdict.relation == "derived"
    assert "beside" in verdict.summary


def test_some_modules_trained_on_and_the_others_copied_is_derived() -> None:
    further = train(Training(seed=9, data=2), start=BASE)
    half = {module: (BASE if number % 2 else further)[module] for number, module in enumerate(BASE)}
    report = _compare(BASE, half)
    assert report.verdict.relation == "derived"
    assert "8 of 16 modules" in report.verdict.summary


def test_untrained_adapters_of_one_start_are_not_called_copies() -> None:
    report = _compare(starts(1), {m: (a, b + np.float32(1e-3)) for m, (a, b) in starts(1).items()})
    assert report.verdict.relation == "shared-origin"


def test_renumbered_ranks_are_found() -> None:
    report = _compare(BASE, _renumbered(train(Training(seed=9, data=1, order=5), start=BASE), seed=3))
    assert report.verdict.relation == "shared-origin"
    by_id = {item.test_id: item for item in report.evidence}
    assert (by_id["adapter-matched-signs"].log10_p or 0.0) < -10


def test_one_update_in_other_factors_is_derived() -> None:
    report = _compare(BASE, _in_other_factors(BASE, seed=4))
    assert report.verdict.relation == "derived"
    assert "other factors" in report.verdict.summary


def test_starts_taken_from_the_base_prove_nothing() -> None:
    """PiSSA's start is the base's singular vectors: all adapters of the base share it."""
    report = _compare(BASE, train(Training(seed=1, data=2)), init_lora_weights="pissa_niter_16")
    assert report.verdict.relation == "inconclusive"
    assert "base's own weights" in report.verdict.summary
    one_random = compare_checkpoints(opened(BASE, init_lora_weights="pissa"), opened(train(Training(seed=5, data=1))))
    assert one_random.verdict.relation == "independent"


def test_adapters_without_a_module_in_common() -> None:
    renamed = {module.replace("q_proj", "k_proj"): factors for module, factors in BASE.items()}
    report = _compare(BASE, renamed)
    assert report.verdict.relation == "inconclusive"
    assert "no module in common" in report.verdict.summary


def test_a_fitting_adapter_is_no_proof() -> None:
    base, fits = models.model(models.llama(1)), models.checkpoint(adapter(llama_updates(1)))
    for pair in ((base, fits), (fits, base)):
        verdict = compare_checkpoints(*pair).verdict
        assert verdict.relation == "inconclusive"
        assert "fits" in verdict.summary
        assert "all 8 modules" in verdict.summary
        assert any("org/base" in text for text in verdict.caveats)


def _with_embedding(seed: int) -> dict[str, bytes]:
    weights = models.noisy(models.llama(seed, models.WIDE), 9, 0.1)
    names = ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight")
    return adapter(llama_updates(1, models.WIDE), {name: weights[name] for name in names})


def test_what_an_adapter_holds_whole_shows_its_base() -> None:
    base = models.model(models.llama(1, models.WIDE), models.llama_config(models.WIDE))
    ours, others = models.checkpoint(_with_embedding(1)), models.checkpoint(_with_embedding(2))
    for pair in ((base, ours), (ours, base)):
        verdict = compare_checkpoints(*pair).verdict
        assert verdict.relation == "derived"
        assert (verdict.log10_p or 0.0) < -20
        assert "holds whole" in verdict.summary
    verdict = compare_checkpoints(base, others).verdict
    assert verdict.relation == "inconclusive"
    assert "fits" in verdict.summary
    assert compare_checkpoints(base, ours, "metadata").verdict.relation == "inconclusive"


def test_what_cannot_fit_is_named() -> None:
    wide = models.model(models.llama(1, models.WIDE), models.llama_config(models.WIDE))
    verdict = compare_checkpoints(wide, models.checkpoint(adapter(llama_updates(1)))).verdict
    assert verdict.relation == "inconclusive"
    assert "8 of 8 modules" in verdict.summary
    assert "128 x 128" in verdict.summary


@pytest.mark.parametrize("effort", ["metadata", "sample", "full"])
def test_every_effort_ends_in_a_report(effort: str) -> None:
    report = compare_checkpoints(opened(BASE), opened(train(Training(seed=1, data=2))), effort)  # type: ignore[arg-type]
    assert report.verdict.relation == ("inconclusive" if effort == "metadata" else "shared-origin")
