"""Shared experts are FFNs like the others: aligned, tested, undone and named, whatever FFN they come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from lineage_audit import Report, Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.comparison.alignment import mixtures
from tests.comparison.alignment.mixtures import DEEPSEEK, DIALECTS, QWEN, SIZE, Dialect
from tests.depth import TIMES
from tests.models import Weights, llama, llama_config, model, noisy

Change = Callable[[Weights, Iterable[str], np.random.Generator], Weights]
CHANGES: dict[str, Change] = {
    "units-permuted": mixtures.permute,
    "units-rescaled": mixtures.rescale,
    "signs-flipped": mixtures.flip,
}
DENSE = llama_config(SIZE)


def _report(a: Weights, b: Weights, dialect: Dialect) -> Report:
    config = mixtures.mixture_config(dialect)
    return compare_checkpoints(model(a, config), model(b, config))


def _upcycled(dense: Weights, change: Change | None, shared_units: int, *, dense_first: bool = True) -> Verdict:
    """Hold a dense model against what was made of it, its shared expert changed."""
    rng = np.random.default_rng(8)
    made = mixtures.upcycled(dense, shared_units, rng)
    if change:
        made = change(made, mixtures.shared_blocks(made), rng)
    models = model(llama(5, SIZE), DENSE), model(made, mixtures.mixture_config(QWEN, shared_units=shared_units))
    return compare_checkpoints(*(models if dense_first else models[::-1])).verdict


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_disguised_shared_expert_is_undone_to_rounding(dialect: str, kind: str) -> None:
    parent = mixtures.mixture(1, DIALECTS[dialect])
    child = CHANGES[kind](parent, mixtures.shared_blocks(parent), np.random.default_rng(2))
    verdict = _report(parent, child, DIALECTS[dialect]).verdict
    assert verdict.relation == "derived"
    assert [operation.kind for operation in verdict.operations] == [kind]
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 1 - 1e-6


@pytest.mark.parametrize("dialect", DIALECTS)
def test_everything_at_once_is_undone_and_named(dialect: str) -> None:
    rng = np.random.default_rng(3)
    parent = mixtures.mixture(1, DIALECTS[dialect])
    child = mixtures.renumber_experts(noisy(parent, 4, 0.2), rng)
    for change in CHANGES.values():
        child = change(child, mixtures.blocks_of(child), rng)
    verdict = _report(parent, mixtures.permute_channels(child, rng), DIALECTS[dialect]).verdict
    assert verdict.relation == "derived"
    assert {operation.kind for operation in verdict.operations} >= {*CHANGES, "channels-permuted"}
    assert verdict.explained_variance == pytest.approx(1 / 1.04, abs=0.005)  # what noise of .2 leaves
    assert verdict.log10_p is not None
    assert verdict.log10_p < -20


@pytest.mark.parametrize("dialect", DIALECTS)
def test_independent_mixtures_stay_independent_under_every_change(dialect: str) -> None:
    for seed in range(TIMES):
        rng = np.random.default_rng(seed)
        other = mixtures.mixture(20 + seed, DIALECTS[dialect])
        for change in CHANGES.values():
            other = change(other, mixtures.blocks_of(other), rng)
        verdict = _report(mixtures.mixture(10 + seed, DIALECTS[dialect]), other, DIALECTS[dialect]).verdict
        assert verdict.relation == "independent"
        assert not verdict.operations


def test_units_of_shared_experts_count_in_the_exact_tests() -> None:
    parent = mixtures.mixture(1, QWEN)
    evidence = {item.test_id: item for item in _report(parent, noisy(parent, 2, 0.1), QWEN).evidence}
    units = SIZE.layers * (mixtures.EXPERTS * mixtures.EXPERT_UNITS + mixtures.SHARED_UNITS)
    assert evidence["ffn-signs"].count == evidence["ffn-fixed-points"].count == units
    assert evidence["ffn-fixed-points"].effect == 1.0


@pytest.mark.parametrize("more", [0, 32])
@pytest.mark.parametrize("kind", [None, *CHANGES])
def test_a_shared_expert_is_traced_to_the_dense_ffn(kind: str | None, more: int) -> None:
    verdict = _upcycled(llama(5, SIZE), CHANGES[kind] if kind else None, SIZE.ffn + more)
    assert (verdict.relation, verdict.direction) == ("derived", "a->b")
    beside = f" beside {more} new ones" if more else ""
    assert [operation.detail for operation in verdict.operations if operation.kind == "experts-upcycled"] == [
        "6 experts in 2 layers come from A's dense FFNs, 72 of its 256 units in each beside 24 new ones",
        f"2 shared experts in 2 layers come from A's dense FFNs{beside}",
    ]
    assert {operation.kind for operation in verdict.operations} == {"experts-upcycled"} | ({kind} if kind else set())


def test_a_mixture_given_first_is_traced_as_well() -> None:
    verdict = _upcycled(llama(5, SIZE), mixtures.permute, SIZE.ffn + 32, dense_first=False)
    assert (verdict.relation, verdict.direction) == ("derived", "b->a")
    assert {operation.kind for operation in verdict.operations} == {"experts-upcycled", "units-permuted"}


@pytest.mark.parametrize("shared_units", [SIZE.ffn, SIZE.ffn + 32])
def test_a_mixture_made_of_another_dense_model_is_not_accused(shared_units: int) -> None:
    verdict = _upcycled(llama(6, SIZE), mixtures.permute, shared_units)
    assert verdict.relation in ("independent", "inconclusive")
    assert not verdict.operations


def test_what_is_new_in_an_expert_is_no_change_of_what_was_taken() -> None:
    """New units are no training, no noise and no delta of low rank; none of them counts as derived."""
    verdict = _upcycled(llama(5, SIZE), None, SIZE.ffn)
    assert verdict.derived_share is not None
    new = 2 * mixtures.EXPERTS * mixtures.EXPERT_UNITS // 4
    total = sum(
        values.size for values in mixtures.upcycled(llama(5, SIZE), SIZE.ffn, np.random.default_rng(8)).values()
    )
    assert verdict.derived_share < 1 - 2 * new * SIZE.hidden / total
    assert not {operation.kind for operation in verdict.operations} - {"experts-upcycled"}


def test_the_layer_map_shows_where_each_layer_comes_from() -> None:
    dense = llama(5, SIZE)
    made = mixtures.upcycled(dense, SIZE.ffn, np.random.default_rng(8))
    report = compare_checkpoints(model(dense, DENSE), model(made, mixtures.mixture_config(QWEN)))
    assert report.weights is not None
    assert [(row.b, row.a) for row in report.weights.layers] == [(0, 0), (1, 1)]
    roles = {role.role: role.correlation for role in report.weights.roles}
    assert roles["shared_up"] == pytest.approx(1.0)
    assert roles["up"] == pytest.approx(0.75**0.5, abs=0.02)


def test_a_dense_ffn_is_no_renamed_expert() -> None:
    dense = llama(5, SIZE)
    made = mixtures.upcycled(noisy(dense, 6, 0.1), SIZE.ffn, np.random.default_rng(8))
    report = compare_checkpoints(model(dense, DENSE), model(made, mixtures.mixture_config(QWEN)))
    assert not report.names.renames
    assert "model.layers.{L}.mlp.down_proj.weight" in report.names.only_a
    left_out = [text for text in report.verdict.caveats if "no counterpart" in text]
    assert left_out == [
        "0.2% of B's parameters have no counterpart of the same shape in A and were left out."
    ]  # routers
    assert "renamed-tensors" not in {operation.kind for operation in report.verdict.operations}


def test_deepseek_keeps_its_dense_first_layer_apart() -> None:
    parent = mixtures.mixture(1, DEEPSEEK)
    child = mixtures.permute(parent, mixtures.blocks_of(parent), np.random.default_rng(2))
    verdict = _report(parent, child, DEEPSEEK).verdict
    details = [operation.detail for operation in verdict.operations]
    assert len(details) == 1
    assert details[0].endswith("FFN units in 2 layers stand in another order")


def test_a_shared_router_may_be_stored_as_a_vector() -> None:
    """llama.cpp stores it as ``[d]``, the original as ``[1, d]``."""
    parent = mixtures.mixture(1, QWEN)
    child = {
        name: values[0] if "shared_expert_gate" in name else values
        for name, values in mixtures.permute(parent, mixtures.blocks_of(parent), np.random.default_rng(2)).items()
    }
    verdict = _report(parent, child, QWEN).verdict
    assert verdict.relation == "derived"
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 1 - 1e-6


@pytest.mark.parametrize("part_first", [False, True])
def test_a_shared_expert_cut_in_width_is_a_part(part_first: bool) -> None:
    """DeepSeek's shared experts lie side by side in one FFN: fewer of them, or fewer units, are a part of it."""
    parent, kept = mixtures.mixture(1, QWEN), np.random.default_rng(3).permutation(mixtures.SHARED_UNITS)[:144]
    child = noisy(parent, 2, 0.1)
    for block in mixtures.shared_blocks(parent):
        child |= {f"{block}{part}_proj.weight": child[f"{block}{part}_proj.weight"][kept] for part in ("gate", "up")}
        child[block + "down_proj.weight"] = child[block + "down_proj.weight"][:, kept]
    models = [model(parent, mixtures.mixture_config(QWEN)), model(child, mixtures.mixture_config(QWEN, SIZE, 144))]
    verdict = compare_checkpoints(*(models[::-1] if part_first else models)).verdict
    assert (verdict.relation, verdict.excluded) == ("derived", ("a->b" if part_first else "b->a",))
    details = {operation.kind: operation.detail for operation in verdict.operations}
    assert details["width-pruned"] == "144 of 192 FFN units kept in a layer"
    assert "units-permuted" in details
    assert verdict.explained_variance is not None
    assert verdict.explained_variance > 0.98


def test_experts_split_in_halves_were_not_cut() -> None:
    parent, half = mixtures.mixture(1, QWEN), mixtures.EXPERT_UNITS // 2
    child = {name: values for name, values in parent.items() if ".experts." not in name}
    for name, values in parent.items():
        if ".experts." in name:
            start, expert, part = re.split(r"experts\.(\d+)\.", name)
            halves = np.split(values, 2, axis=1 if part.startswith("down") else 0)
            child |= {f"{start}experts.{2 * int(expert) + i}.{part}": halves[i] for i in range(2)}
        elif name.endswith("mlp.gate.weight"):
            child[name] = np.repeat(values, 2, axis=0)
    config = mixtures.mixture_config(QWEN)
    split = config | {"num_experts": 2 * mixtures.EXPERTS, "moe_intermediate_size": half}
    verdict = compare_checkpoints(model(parent, config), model(child, split)).verdict
    assert verdict.relation == "derived"
    assert "width-pruned" not in {operation.kind for operation in verdict.operations}
    assert verdict.derived_share is not None
    assert verdict.derived_share > 0.99
