"""Copies inside both models share their random signs, and signs that are not free are seen on the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lineage_audit.comparison.evidence.copies import origins, random_signs_of
from lineage_audit.comparison.evidence.leanings import both_lean, leaning
from tests.comparison.measuring import RUNS, assert_never_too_often, comparison_by_numbers, evidence_of, log10_p_values
from tests.models import Array, Size, Weights, llama, llama_config, model, noisy

SIZE = Size(layers=6, hidden=32, heads=8, kv_heads=8, ffn=24, vocab=64)
CONFIG = llama_config(SIZE)


def _layers_from(weights: Weights, distinct: int, seed: int, apart: float) -> Weights:
    """Every layer a copy of one of the first, trained apart by noise of a share of its size."""
    copied = dict(weights)
    for name in weights:
        if name.startswith("model.layers."):
            layer, rest = name.removeprefix("model.layers.").split(".", 1)
            copied[name] = weights[f"model.layers.{int(layer) % distinct}.{rest}"]
    return noisy(copied, seed, apart)


def _one_layer(seed: int) -> Weights:
    return _layers_from(llama(seed, SIZE), 1, seed, 0.0)


def _two_layers_apart(seed: int) -> Weights:
    return _layers_from(llama(seed, SIZE), 2, seed, 0.5)


def _expanded_heads(seed: int) -> Weights:
    """Two KV heads stored as eight."""
    weights = llama(seed, SIZE)
    for name, values in weights.items():
        if name.endswith(("k_proj.weight", "v_proj.weight")):
            heads = values.reshape(SIZE.kv_heads, SIZE.head_dim, SIZE.hidden)
            weights[name] = np.repeat(heads[:2], 4, axis=0).reshape(values.shape)
    return weights


WORLDS: tuple[Callable[[int], Weights], ...] = (_one_layer, _two_layers_apart, _expanded_heads)


@pytest.mark.parametrize("world", WORLDS)
def test_copies_inside_both_models_accuse_no_stranger(world: Callable[[int], Weights]) -> None:
    log10_p = log10_p_values(lambda seed: (world(2 * seed), world(2 * seed + 1)), CONFIG, RUNS)
    assert {"ffn-signs", "value-output-signs", "query-key-signs", "ffn-fixed-points"} <= set(log10_p)
    assert_never_too_often(log10_p)
    assert all(values.min() > -6 for values in log10_p.values())


def test_copies_count_once_where_both_have_them() -> None:
    plain, copied = llama(1, SIZE), _one_layer(2)
    of_one = evidence_of(plain, copied, CONFIG)["ffn-signs"]
    of_both = evidence_of(_one_layer(1), copied, CONFIG)["ffn-signs"]
    assert of_one.count == SIZE.layers * SIZE.ffn
    assert of_both.count == SIZE.ffn
    assert "distinct" in of_both.finding
    assert "distinct" not in of_one.finding


def test_a_relative_is_found_through_its_copies() -> None:
    parent = _one_layer(1)
    signs = evidence_of(parent, noisy(parent, 3, 0.1), CONFIG)["ffn-signs"]
    assert (signs.log10_p or 0.0) == pytest.approx(-SIZE.ffn * np.log10(2), abs=0.1)


def test_origins_name_the_first_copy() -> None:
    def ups(a: Weights, b: Weights) -> list[list[int]]:
        comparison = comparison_by_numbers(model(a, CONFIG), model(b, CONFIG))
        from lineage_audit.checkpoint.roles import Role

        return [found.tolist() for found in origins([comparison.find(Role.UP, n) for n in range(SIZE.layers)])]

    assert ups(_two_layers_apart(1), _two_layers_apart(2)) == [[0], [1], [0], [1], [0], [1]]
    assert ups(llama(1, SIZE), _two_layers_apart(2)) == [[n] for n in range(SIZE.layers)]
    assert origins([None, None], 3)[1].tolist() == [3, 4, 5]
    assert len(set(random_signs_of(np.array([0, 7]), 5).tolist())) == 10


def _leaning(rows: int, lean: float, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((rows, 64)) / 8
    common = rng.standard_normal(64) / 8
    return (directions + lean * common).astype(np.float32)


def test_units_that_lean_one_way_are_seen_and_others_are_not() -> None:
    assert all(leaning([_leaning(256, 0.0, seed)]) < 5 for seed in range(50))
    assert leaning([_leaning(256, 0.4, 1)]) > 20
    assert both_lean([_leaning(256, 0.4, 1)], [_leaning(256, 0.4, 2)])
    assert not both_lean([_leaning(256, 0.4, 1)], [_leaning(256, 0.0, 2)])
    assert leaning([]) == leaning([np.zeros((9, 4), np.float32)]) == 0.0


WIDER = replace(SIZE, ffn=96)


def _leaning_up(weights: Weights, lean: float) -> Weights:
    """Up rows that share a direction, as where one is added to up; the direction is the same in all such models."""
    for name, values in weights.items():
        if name.endswith("up_proj.weight"):
            weights[name] = values + np.float32(lean * 0.02)
    return weights


def test_no_sign_test_of_units_that_lean_in_both() -> None:
    config = llama_config(WIDER)
    a, b = (_leaning_up(llama(seed, WIDER), 0.5) for seed in (1, 2))
    signs = evidence_of(a, b, config)["ffn-signs"]
    assert signs.status == "not-applicable"
    assert "not free" in (signs.reason or "")
    assert evidence_of(a, llama(2, WIDER), config)["ffn-signs"].status == "measured"
    assert evidence_of(llama(1, WIDER), llama(2, WIDER), config)["ffn-signs"].status == "measured"
