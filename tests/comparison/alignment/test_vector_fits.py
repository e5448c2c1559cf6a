"""What is fitted from vectors that correspond: laws that hold for any vectors."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison.alignment import vector_fits
from lineage_audit.comparison.alignment.maps import FloatArray, ResidualMap
from lineage_audit.comparison.alignment.vector_fits import MatchedVectors, agreement_of_cosines, fit_rotation

WIDTH = 48


def _vectors(seed: int, count: int = 600) -> FloatArray:
    return np.random.default_rng(seed).standard_normal((count, WIDTH), dtype=np.float32)


def _rotation(seed: int) -> FloatArray:
    rotation, _ = np.linalg.qr(_vectors(seed, WIDTH))
    return rotation


@pytest.mark.parametrize("agreement", [1.0, 0.8, 0.5])
def test_cosines_agree_by_the_square_of_what_rotated_vectors_do(agreement: float) -> None:
    a, noise = _vectors(1), _vectors(2)
    b = (agreement * a + np.sqrt(1 - agreement**2) * noise) @ _rotation(3)
    assert abs(agreement_of_cosines(MatchedVectors(a, b.astype(np.float32))) - agreement**2) < 0.02


def test_cosines_of_strangers_and_of_nothing_do_not_agree() -> None:
    assert abs(agreement_of_cosines(MatchedVectors(_vectors(1), _vectors(2)))) < 0.02
    assert agreement_of_cosines(MatchedVectors(_vectors(1), np.zeros((600, WIDTH), np.float32))) == 0


def test_a_wide_rotation_is_the_one_that_singular_vectors_give(monkeypatch: pytest.MonkeyPatch) -> None:
    a = _vectors(1)
    b = (a @ _rotation(3) + 0.3 * _vectors(2)).astype(np.float32)
    narrow = fit_rotation(MatchedVectors(a, b)).rotation
    monkeypatch.setattr(vector_fits, "SOLVED_WHOLE", WIDTH - 1)
    monkeypatch.setattr(vector_fits, "_from_singular_vectors", None)  # not asked
    wide = fit_rotation(MatchedVectors(a, b)).rotation
    assert narrow is not None
    assert wide is not None
    assert np.allclose(narrow, wide, atol=1e-5)


def test_a_wide_rotation_of_few_vectors_is_orthogonal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_fits, "SOLVED_WHOLE", WIDTH - 1)
    few = MatchedVectors(_vectors(1, WIDTH // 2), _vectors(2, WIDTH // 2))
    rotation = fit_rotation(few).rotation
    assert rotation is not None
    assert np.allclose(rotation @ rotation.T, np.eye(WIDTH), atol=1e-5)


@pytest.mark.parametrize("kind", ["same", "channels", "cut", "rotation"])
def test_what_is_carried_back_does_to_vectors_what_it_did_to_carried_ones(kind: str) -> None:
    rng = np.random.default_rng(4)
    signs = rng.choice(np.array([-1, 1], np.float32), WIDTH)
    maps = {
        "same": ResidualMap("same"),
        "channels": ResidualMap("channels", channels=rng.permutation(WIDTH), signs=signs),
        "cut": ResidualMap("channels", channels=rng.permutation(WIDTH)[:30], signs=signs[:30]),
        "rotation": ResidualMap("rotation", rotation=_rotation(3)),
    }
    carried = maps[kind].aligned_a(_vectors(1))
    weights = _vectors(5, carried.shape[1])
    back = maps[kind].carried_back(weights, WIDTH)
    assert np.allclose(_vectors(1) @ back, carried @ weights, atol=1e-3)
