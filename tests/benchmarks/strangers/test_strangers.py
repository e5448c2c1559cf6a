"""Strangers are drawn anew from their number, runs go on where they ended, and too many rejections fail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.strangers.__main__ import POOLS, ask_pool, left, main, read_pools
from benchmarks.strangers.asking import FEWEST_SIGNS, ask, ask_all
from benchmarks.strangers.counting import Pool, counts, holds, most_rejections, table
from benchmarks.strangers.worlds import DEEP, FLAT, MODELS, PAIRED, WORLDS, pool_of
from lineage_audit.comparison.alignment.canonical import CanonicalWeights
from lineage_audit.comparison.evidence import gather_evidence
from lineage_audit.comparison.invariants import ask_invariants
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.plan import default_budget
from tests.comparison.measuring import comparison_by_numbers

K = "model.layers.0.self_attn.k_proj.weight"
SIGNS = {"ffn-signs", "value-output-signs", "query-key-signs", "channel-signs", "rotary-signs"}


@pytest.mark.parametrize("world", WORLDS)
def test_a_pool_is_drawn_from_its_number(world: str) -> None:
    (a, b), (again, _), (other, _) = (pool_of(world, number, 2) for number in (1, 1, 2))
    assert all(np.array_equal(values, again.weights[name]) for name, values in a.weights.items())
    assert not np.array_equal(a.weights[K], b.weights[K])
    assert not np.array_equal(a.weights[K], other.weights[K])


def test_no_two_worlds_share_a_draw() -> None:
    plain, tied = (pool_of(world, 1, 1)[0].weights[K] for world in ("plain", "tied embeddings"))
    assert not np.array_equal(plain, tied)


def test_every_sign_test_has_random_signs_enough() -> None:
    assert set(ask_pool("plain", 1, 4).log10_p) >= SIGNS
    for shape, distinct in ((FLAT, 1), (DEEP, 3), (PAIRED, 1)):
        assert min(distinct * shape.ffn, distinct * shape.kv_rows // 2, shape.hidden) >= FEWEST_SIGNS
    assert MODELS * (MODELS - 1) // 2 * POOLS * len(WORLDS) >= 100_000


@pytest.mark.parametrize("world", ["plain", "common features, deep", "padded vocabulary", "one layer as all"])
def test_what_is_asked_of_models_in_memory_is_what_a_comparison_asks(world: str) -> None:
    a, b = pool_of(world, 3, 2)
    one, other = a.checkpoint, b.checkpoint
    weights = CanonicalWeights(one), CanonicalWeights(other)
    invariants = ask_invariants(*weights, None, default_budget(one), NoProgress()).evidence
    evidence = {item.test_id: item for item in (*gather_evidence(comparison_by_numbers(one, other)), *invariants)}
    asked = ask_all(a, b, searches=False) if WORLDS[world].have_counterparts else ask(a, b)
    for test, log10_p in asked.items():
        assert evidence[test].log10_p == pytest.approx(log10_p), test
    missing = {test for test, item in evidence.items() if item.grade == "exact" and item.log10_p is not None}
    assert all(evidence[test].count < FEWEST_SIGNS for test in missing - set(asked))


def test_first_pairs_are_searched() -> None:
    pool = ask_pool("plain", 0, 4)
    assert pool.pairs == 6
    assert len(pool.log10_p["aligned-ffn-signs"]) <= len(pool.log10_p["ffn-signs"]) == 6


def test_a_run_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "pools.jsonl"
    arguments = ["--minutes", "0", "--workers", "1", "--models", "2", "-o", str(file)]
    assert main(arguments) == 0
    first = read_pools(file)
    file.write_text(file.read_text() + '["plain", 1\n')
    assert main(arguments) == 0
    both = read_pools(file)
    assert both[: len(first)] == first
    assert len({(pool.world, pool.number) for pool in both}) == len(both) == 2
    assert len(left(both)) == POOLS * len(WORLDS) - len(both)


def _fair(pairs: int, seed: int) -> np.ndarray:
    return np.log10(np.random.default_rng(seed).random(pairs))


def test_too_many_rejections_are_told() -> None:
    fair = [Pool("plain", 0, 2000, {"fair": _fair(2000, 1)})]
    unfair = [Pool("plain", 0, 2000, {"unfair": 2.0 * _fair(2000, 1)})]
    assert holds(counts(fair))
    assert not holds(counts(unfair))
    assert any("unfair rejects" in line for line in table(unfair))
    assert most_rejections(10_000, 1e-2) == 124


def test_a_world_of_its_own_is_told_among_many() -> None:
    pools = [Pool(f"world {n}", 0, 1000, {"fair": _fair(1000, n) * (1.5 if n == 7 else 1.0)}) for n in range(20)]
    found = counts(pools)
    assert not holds(found)
    assert any(count.world == "world 7" and count.exceeds for count in found)
