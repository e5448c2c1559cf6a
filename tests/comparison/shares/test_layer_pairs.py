"""Every layer of B against every layer of A: the diagonal, the jump of a grown model, the silence of a stranger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lineage_audit
from lineage_audit.results import Report
from tests.models import WIDE, llama, llama_config, noisy, repository, write

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"


@pytest.fixture(scope="module")
def finetuned() -> Report:
    return lineage_audit.compare(str(SAMPLES / "llama-style-parent"), str(SAMPLES / "scratch-claim-renamed"))


def _cosines(report: Report) -> np.ndarray:
    assert report.weights.layer_pairs is not None
    return np.array(report.weights.layer_pairs.cosines)


def test_a_descendant_has_one_diagonal_also_after_its_units_were_put_back(finetuned: Report) -> None:
    cosines = _cosines(finetuned)
    assert cosines.shape == (6, 6)
    assert np.diagonal(cosines).min() > 0.9
    assert np.abs(cosines[~np.eye(6, dtype=bool)]).max() < 0.1


def test_stages_say_what_the_search_gained(finetuned: Report) -> None:
    before, after = finetuned.weights.stages
    assert (before.stage, after.stage) == ("in-place", "moved")
    assert before.explained_variance < 0.6 < 0.95 < after.explained_variance
    assert after.explained_variance == finetuned.verdict.explained_variance


def test_independent_models_stay_blank() -> None:
    report = lineage_audit.compare(str(SAMPLES / "llama-style-parent"), str(SAMPLES / "yi-style-independent"))
    assert np.abs(_cosines(report)).max() < 0.05
    assert len(report.weights.cells) == 6 * 7
    assert max(abs(cell.correlation) for cell in report.weights.cells) < 0.05


def test_spreads_give_the_bound_that_the_test_states(finetuned: Report) -> None:
    tests = [test for test in finetuned.evidence if test.spread and test.spread.family == "sign-sum"]
    assert len(tests) >= 4
    for test in tests:
        assert test.spread is not None and test.statistic is not None and test.log10_p is not None
        deviations = test.statistic / test.spread.scale
        assert test.log10_p == pytest.approx(-(max(deviations, 0.0) ** 2) / 2 / np.log(10))


def test_a_delta_of_low_rank_shows_its_spectrum(tmp_path: Path) -> None:
    parent = llama(1, WIDE)
    rng = np.random.default_rng(0)
    child = dict(parent)
    for name, values in parent.items():
        if name.endswith(("q_proj.weight", "v_proj.weight")):
            left, right = rng.standard_normal((values.shape[0], 2)), rng.standard_normal((2, values.shape[1]))
            child[name] = (values + 0.01 * left @ right).astype(values.dtype)
    a, b = (write(tmp_path / name, repository(one, llama_config(WIDE))) for name, one in (("a", parent), ("b", child)))
    operations = lineage_audit.compare(str(a), str(b)).verdict.operations
    spectra = next(operation.spectra for operation in operations if operation.kind == "lora-merged")
    assert [spectrum.role for spectrum in spectra] == ["q", "v"]
    for spectrum in spectra:
        assert spectrum.rank == 2
        assert spectrum.values[1] > 100 * spectrum.values[2]
        assert list(spectrum.values) == sorted(spectrum.values, reverse=True)


def test_noise_has_no_spectrum(tmp_path: Path) -> None:
    weights = llama(1, WIDE)
    a = write(tmp_path / "a", repository(weights, llama_config(WIDE)))
    b = write(tmp_path / "b", repository(noisy(weights, 2, 0.1), llama_config(WIDE)))
    assert not any(operation.spectra for operation in lineage_audit.compare(str(a), str(b)).verdict.operations)
