"""Relabelled and rotated models compute what their bases do, so that the benchmark's truth is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.scale.descent import HeadsGrafted, Moved, PairsTurned, Restacked, Tuned
from benchmarks.scale.numbers import heavy_rows
from benchmarks.scale.relabelling import EVERYTHING, ORDERS, Relabelled
from benchmarks.scale.rotation import Rotated, Written
from benchmarks.scale.shapes import SHAPES, Shape
from benchmarks.scale.slots import Role, Slot
from benchmarks.scale.trained import Trained
from tests.benchmarks.scale.tiny import DEEPSEEK, LLAMA, MIXTRAL, QWEN, logits

SHAPES_AND_CHANGES = [
    (LLAMA, ORDERS),
    *((shape, EVERYTHING) for shape in (QWEN, MIXTRAL, DEEPSEEK)),
]


@pytest.mark.parametrize(("shape", "changes"), SHAPES_AND_CHANGES)
def test_other_labels_compute_the_same(shape: Shape, changes: frozenset[str], tmp_path: Path) -> None:
    base = Trained(shape, 1)
    relabelled = Relabelled(base, shape, 2, changes)  # type: ignore[arg-type]
    ours, theirs = logits(base, tmp_path / "a"), logits(relabelled, tmp_path / "b")
    assert float((ours - theirs).abs().max()) < 1e-3 * float(ours.abs().max())
    gate = Slot(Role.GATE, 1, 0 if shape.experts else -1)
    own, other = (weights.rows(gate, np.arange(128)) for weights in (base, relabelled))
    assert np.abs((own * other).mean() / own.var()) < 0.1


def test_turned_rotary_pairs_compute_the_same_and_lose_their_signs(tmp_path: Path) -> None:
    base = Trained(LLAMA, 1)
    turned = PairsTurned(base, 2)
    ours, theirs = logits(base, tmp_path / "a"), logits(turned, tmp_path / "b")
    assert float((ours - theirs).abs().max()) < 1e-3 * float(ours.abs().max())
    keys = Slot(Role.K, 1)
    own, other = (weights.rows(keys, np.arange(64)) for weights in (base, turned))
    cosines = (own * other).sum(1) / np.linalg.norm(own, axis=1) / np.linalg.norm(other, axis=1)
    assert np.abs(cosines.mean()) < 0.4
    assert np.abs(cosines).min() < 0.5


def test_half_the_heads_are_the_donor_s() -> None:
    own, donor = Trained(LLAMA, 1), Trained(LLAMA, 2)
    mixed = HeadsGrafted(own, donor)
    for role, every in ((Role.Q, 256), (Role.K, 64)):
        slot, rows = Slot(role, 1), np.arange(every)
        assert np.array_equal(mixed.rows(slot, rows[: every // 2]), donor.rows(slot, rows[: every // 2]))
        assert np.array_equal(mixed.rows(slot, rows[every // 2 :]), own.rows(slot, rows[every // 2 :]))
    output = mixed.rows(Slot(Role.O, 1), np.arange(3))
    assert np.array_equal(output[:, :128], donor.rows(Slot(Role.O, 1), np.arange(3))[:, :128])
    assert np.array_equal(output[:, 128:], own.rows(Slot(Role.O, 1), np.arange(3))[:, 128:])


@pytest.mark.parametrize("shape", [LLAMA, MIXTRAL])
def test_a_dense_rotation_computes_the_same(shape: Shape, tmp_path: Path) -> None:
    written = Written(Trained(shape, 1))
    rotated = Rotated(written)
    ours, theirs = logits(written, tmp_path / "a"), logits(rotated, tmp_path / "b")
    assert float((ours - theirs).abs().max()) < 1e-3 * float(ours.abs().max())
    turn = rotated.turn.forward(written.turn.back(np.eye(shape.hidden, dtype=np.float32)))
    free = np.setdiff1d(np.arange(shape.hidden), _fixed(written))
    assert np.all(turn[free] != 0)
    assert np.abs(turn[free]).max() < 0.95


def test_rows_are_the_same_whichever_are_asked_for_together() -> None:
    whole = heavy_rows((3, 4), np.arange(40), 1000)
    some = np.array([3, 4, 5, 30, 7])
    assert np.array_equal(heavy_rows((3, 4), some, 1000), whole[some])
    for weights in (Trained(LLAMA, 1), Rotated(Written(Trained(LLAMA, 1)))):
        for slot in (Slot(Role.EMBED), Slot(Role.Q, 2), Slot(Role.DOWN, 2), Slot(Role.UP, 0)):
            rows = weights.rows(slot, np.arange(40))
            assert np.allclose(weights.rows(slot, some), rows[some], atol=1e-6)


def test_strangers_share_what_a_corpus_gives_and_no_weights() -> None:
    """Gram matrices of embeddings agree, coordinates do not."""
    ours, theirs = (
        rows - rows.mean(axis=0)
        for seed in (1, 2)
        for rows in (Trained(LLAMA, seed).rows(Slot(Role.HEAD), np.arange(300, 600)),)
    )
    above = np.triu_indices(300, 1)
    assert np.corrcoef((ours @ ours.T)[above], (theirs @ theirs.T)[above])[0, 1] > 0.05
    assert abs(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) < 0.02


def test_noise_and_training_have_the_size_that_they_say() -> None:
    base = Trained(LLAMA, 1)
    slot = Slot(Role.O, 0)
    every = np.arange(LLAMA.hidden)
    noise, trained = (way(base, 3, 0.3).rows(slot, every) - base.rows(slot, every) for way in (Moved, Tuned))
    assert noise.std() / 0.02 == pytest.approx(0.3, rel=0.02)
    assert trained.std() / 0.02 == pytest.approx(0.3, rel=0.1)
    largest, chance = np.linalg.norm(trained, 2), 2 * trained.std() * np.sqrt(LLAMA.hidden)
    assert largest > 2 * chance > 1.5 * np.linalg.norm(noise, 2) * trained.std() / noise.std()
    assert np.allclose(Tuned(base, 3, 0.3).rows(slot, every[5:9]), (base.rows(slot, every) + trained)[5:9], atol=1e-6)


def test_a_cut_model_and_restacked_layers_have_their_source_s_rows() -> None:
    base = Trained(LLAMA, 1)
    cut = Relabelled(base, replace(LLAMA, hidden=192, ffn=256), 2, frozenset())
    assert cut.rows(Slot(Role.DOWN, 1), np.arange(192)).shape == (192, 256)
    embeddings = base.rows(Slot(Role.EMBED), np.arange(5))
    assert np.isin(cut.rows(Slot(Role.EMBED), np.arange(5)), embeddings).all()
    restacked = Restacked(base, (0, 1, 1, 3))
    assert np.array_equal(restacked.rows(Slot(Role.K, 2), np.arange(4)), base.rows(Slot(Role.K, 1), np.arange(4)))


def test_parameters_are_those_of_the_published_models() -> None:
    counted = {
        name: sum(int(np.prod(tensor.shape)) for tensor in shape.tensors() if tensor.scale_of is None)
        for name, shape in SHAPES.items()
    }
    assert counted["llama-2-7b"] == 6_738_415_616
    assert counted["llama-3.1-8b"] == 8_030_261_248
    assert counted["mixtral-8x7b"] == 46_702_792_704
    assert round(counted["deepseek-v3"] / 1e9) == 671


def _fixed(written: Written) -> np.ndarray:
    blocks = np.unique(written.turn.place(written.hidden.massive)[0])
    return written.turn.members(blocks).ravel()
