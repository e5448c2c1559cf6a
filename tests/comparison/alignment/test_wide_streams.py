"""Wide streams are asked by sums of channels first; what needs products as wide as the stream is not made then."""

from __future__ import annotations

import numpy as np
import pytest

from lineage_audit.comparison.alignment import search
from lineage_audit.comparison.alignment.basis import PROJECTED_FROM, SharedBasis
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.alignment.maps import Alignment, ResidualMap
from lineage_audit.comparison.alignment.search import find_alignment
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.symmetries.setting import head_layouts
from tests.comparison.alignment import disguises
from tests.models import Size, Weights, llama, llama_config, model, noisy

SIZE = Size(layers=2, hidden=PROJECTED_FROM + 144, heads=4, kv_heads=2, ffn=96, vocab=3000)
LIKELY = {0: 0, 1: 1}


def _disguised(weights: Weights, seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    moved = disguises.permute_units(disguises.permute_heads(weights, rng, SIZE), rng, SIZE)
    return disguises.permute_channels(moved, rng, SIZE)


def _found(a: Weights, b: Weights) -> Alignment | None:
    one, other = model(a, llama_config(SIZE)), model(b, llama_config(SIZE))
    weights = CanonicalWeights(one), CanonicalWeights(other)
    return find_alignment(*weights, head_layouts(one, other), None, LIKELY, NoProgress())


def _never(_: object) -> None:
    raise AssertionError("a basis as wide as the stream was made")


def test_a_disguised_copy_needs_no_whitening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SharedBasis, "_projections", property(_never))
    parent = noisy(llama(1, SIZE), seed=2, size=0.3)
    found = _found(llama(1, SIZE), _disguised(parent, 3))
    plain = _found(llama(1, SIZE), parent)
    assert found is not None
    assert plain is not None
    assert found.layers == plain.layers == LIKELY
    for block, units in plain.units.items():
        assert units.a_units.tolist() == list(range(SIZE.ffn))
        assert sorted(found.units[block].a_units.tolist()) == list(range(SIZE.ffn))
        assert found.units[block].a_units.tolist() != list(range(SIZE.ffn))
    assert all(heads.is_clear for heads in found.heads.values())
    rng = np.random.default_rng(3)
    order = disguises.permute_heads({**llama(1, SIZE)}, rng, SIZE)["model.layers.1.self_attn.q_proj.weight"]
    rows = (found.heads[1].a_heads[:, None] * SIZE.head_dim + np.arange(SIZE.head_dim)).ravel()
    assert np.array_equal(llama(1, SIZE)["model.layers.1.self_attn.q_proj.weight"][rows], order)


def test_what_hardly_agrees_is_asked_whitened(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    projections = SharedBasis._projections

    def counted(basis: SharedBasis) -> object:
        made.append(1)
        return projections.func(basis)

    monkeypatch.setattr(SharedBasis, "_projections", property(counted))
    monkeypatch.setattr(search, "find_residual_map", lambda *_: ResidualMap("same"))
    _found(llama(1, SIZE), llama(2, SIZE))
    assert made


def test_a_matrix_is_carried_in_pieces_as_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = CanonicalWeights(model(llama(1, SIZE), llama_config(SIZE)))
    basis = SharedBasis(weights, weights, ResidualMap("same"))
    assert basis.coarse is not None
    block = weights.ffns(0)[0]
    whole = weights.units_carried(block, basis.coarse.own)
    monkeypatch.setattr("lineage_audit.comparison.alignment.canonical._PIECE_ELEMENTS", 7 * SIZE.hidden)
    fresh = CanonicalWeights(weights.checkpoint)
    assert np.array_equal(fresh.units_carried(block, basis.coarse.own), whole)
    assert not fresh._kept


def test_sums_of_channels_keep_cosines() -> None:
    rng = np.random.default_rng(4)
    a = rng.standard_normal((60, SIZE.hidden), dtype=np.float32)
    b = 0.8 * a + 0.6 * rng.standard_normal(a.shape, dtype=np.float32)
    weights = CanonicalWeights(model(llama(1, SIZE), llama_config(SIZE)))
    coarse = SharedBasis(weights, weights, ResidualMap("same")).coarse
    assert coarse is not None
    cosines = coarse.own(b) @ coarse.aligned_a(a).T
    assert abs(np.diagonal(cosines).mean() - 0.8) < 0.02
    assert np.abs(cosines - np.diag(np.diagonal(cosines))).max() < 5.5 / np.sqrt(coarse.width)
