"""Merges with known recipes are taken apart: method, weights, densities, sources, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import yaml

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.dtypes import round_to
from lineage_audit.comparison.merging.unmixing import unmix_checkpoints
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import LayerSource, Unmixing
from tests.models import Array, Size, Weights, checkpoint, llama, llama_config, noisy, repository

SIZE = Size(layers=3, hidden=64, heads=4, kv_heads=2, ffn=96, vocab=128)
BASE = llama(1, SIZE)
PARENTS = [noisy(BASE, 2, 0.2), noisy(BASE, 3, 0.3), noisy(BASE, 4, 0.15)]

Merge = Callable[[Array, list[Array], np.random.Generator], Array]


def _opened(weights: Weights, name: str, size: Size = SIZE, dtype: str = "F32") -> Checkpoint:
    return checkpoint(repository(weights, llama_config(size), dtype), name)


def _merged(merge: Merge, parents: Sequence[Weights] = PARENTS) -> Weights:
    rng = np.random.default_rng(5)
    return {name: merge(BASE[name], [parent[name] for parent in parents], rng).astype(np.float32) for name in BASE}


def _unmixed(child: Weights, count: int, with_base: bool = True, dtype: str = "F32") -> Unmixing:
    parents = [_opened(weights, f"parent-{number}") for number, weights in enumerate(PARENTS[:count])]
    base = _opened(BASE, "base") if with_base else None
    return unmix_checkpoints(_opened(child, "child", dtype=dtype), parents, base)


def _assert_weights(found: Unmixing, truth: Sequence[float], within: float = 0.01) -> None:
    assert [share.value for share in found.weights] == pytest.approx(list(truth), abs=within)
    assert all(share.low <= true <= share.high for share, true in zip(found.weights, truth, strict=True))


def _linear(weights: Sequence[float]) -> Merge:
    return lambda _, values, __: sum(weight * value for weight, value in zip(weights, values, strict=False))


def _dropped(delta: Array, density: float, rng: np.random.Generator) -> Array:
    return delta * (rng.random(delta.shape) < density) / density


def _dare(weights: Sequence[float], density: float, elects: bool) -> Merge:
    def merge(base: Array, values: list[Array], rng: np.random.Generator) -> Array:
        pieces = zip(weights, values, strict=False)
        deltas = np.stack([weight * _dropped(value - base, density, rng) for weight, value in pieces])
        agrees = np.sign(deltas) == np.sign(deltas.sum(axis=0)) if elects else np.ones_like(deltas, dtype=bool)
        return base + (deltas * agrees).sum(axis=0)

    return merge


def _ties(weights: Sequence[float], density: float) -> Merge:
    def merge(base: Array, values: list[Array], _: np.random.Generator) -> Array:
        deltas = np.stack([value - base for value in values])
        edges = [np.quantile(np.abs(delta), 1 - density) for delta in deltas]
        kept = np.stack([delta * (np.abs(delta) >= edge) for delta, edge in zip(deltas, edges, strict=True)])
        shares = np.array(weights[: len(values)]).reshape(-1, *[1] * base.ndim)
        agrees = (np.sign(kept) == np.sign((shares * kept).sum(axis=0))) & (kept != 0)
        return base + (shares * kept * agrees).sum(axis=0) / np.maximum((shares * agrees).sum(axis=0), 1e-12)

    return merge


@pytest.mark.parametrize("with_base", [True, False])
@pytest.mark.parametrize("weights", [(0.7, 0.3), (0.5, 0.3, 0.2)])
def test_linear_merges(weights: tuple[float, ...], with_base: bool) -> None:
    child = _merged(_linear(weights), PARENTS[: len(weights)])
    found = _unmixed(child, len(weights), with_base)
    assert found.method == "linear"
    _assert_weights(found, weights)
    assert found.unexplained < 1e-6
    assert found.compared_share == 1.0


def test_a_merge_stored_in_bfloat16_is_still_linear() -> None:
    child = {name: round_to(values, "BF16") for name, values in _merged(_linear((0.6, 0.4)), PARENTS[:2]).items()}
    found = _unmixed(child, 2, dtype="BF16")
    assert found.method == "linear"
    _assert_weights(found, (0.6, 0.4))


def test_weights_that_do_not_sum_to_one_are_task_arithmetic() -> None:
    def merge(base: Array, values: list[Array], _: np.random.Generator) -> Array:
        return base + 0.8 * (values[0] - base) + 0.6 * (values[1] - base)

    found = _unmixed(_merged(merge, PARENTS[:2]), 2)
    assert found.method == "task-arithmetic"
    _assert_weights(found, (0.8, 0.6))


@pytest.mark.parametrize("with_base", [True, False])
def test_slerp_is_told_from_a_straight_line(with_base: bool) -> None:
    def merge(_: Array, values: list[Array], __: np.random.Generator) -> Array:
        one, other = (value.astype(np.float64) for value in values)
        cosine = float((one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other))
        if cosine > 0.9995:
            return 0.7 * one + 0.3 * other
        angle = np.arccos(cosine)
        return (np.sin(0.7 * angle) * one + np.sin(0.3 * angle) * other) / np.sin(angle)

    found = _unmixed(_merged(merge, PARENTS[:2]), 2, with_base)
    assert found.method == "slerp"
    _assert_weights(found, (0.7, 0.3))


@pytest.mark.parametrize("weights", [(0.6, 0.8), (0.5, 0.9, 0.7)])
@pytest.mark.parametrize("elects", [True, False])
def test_dare_gives_the_recipes_own_weights(weights: tuple[float, ...], elects: bool) -> None:
    child = _merged(_dare(weights, 0.6, elects), PARENTS[: len(weights)])
    found = _unmixed(child, len(weights))
    assert found.method == ("dare-ties" if elects else "dare-linear")
    assert [share.value for share in found.weights] == pytest.approx(list(weights), abs=0.02)
    assert found.densities == pytest.approx([0.6] * len(weights), abs=0.02)
    assert any("random" in caveat for caveat in found.caveats)


@pytest.mark.parametrize("weights", [(0.6, 0.4), (0.45, 0.2, 0.35)])
def test_ties_gives_the_recipes_own_weights(weights: tuple[float, ...]) -> None:
    found = _unmixed(_merged(_ties(weights, 0.7), PARENTS[: len(weights)]), len(weights))
    assert found.method == "ties"
    assert found.normalized is True
    assert [share.value for share in found.weights] == pytest.approx(list(weights), abs=0.01)
    assert found.densities == pytest.approx([0.7] * len(weights), abs=0.02)


def _breadcrumbs(weights: Sequence[float], density: float, outliers: float, elects: bool) -> Merge:
    def kept(delta: Array) -> Array:
        ranks = np.argsort(np.argsort(np.abs(delta), axis=None)).reshape(delta.shape) / delta.size
        return delta * ((ranks < 1 - outliers) & (ranks >= 1 - outliers - density))

    def merge(base: Array, values: list[Array], _: np.random.Generator) -> Array:
        deltas = np.stack([weight * kept(value - base) for weight, value in zip(weights, values, strict=False)])
        agrees = np.sign(deltas) == np.sign(deltas.sum(axis=0)) if elects else np.ones_like(deltas, dtype=bool)
        return base + (deltas * agrees).sum(axis=0)

    return merge


@pytest.mark.parametrize(("weights", "elects"), [((1.0,), False), ((0.7, 0.5), False), ((0.6, 0.8), True)])
def test_breadcrumbs_drop_the_largest_as_well(weights: tuple[float, ...], elects: bool) -> None:
    found = _unmixed(_merged(_breadcrumbs(weights, 0.6, 0.1, elects), PARENTS[: len(weights)]), len(weights))
    assert found.method == ("breadcrumbs-ties" if elects else "breadcrumbs")
    assert [share.value for share in found.weights] == pytest.approx(list(weights), abs=0.01)
    assert found.densities == pytest.approx([0.6] * len(weights), abs=0.01)
    recipe = yaml.safe_load(found.recipe or "")
    assert recipe["merge_method"] == ("breadcrumbs_ties" if elects else "breadcrumbs")
    for number in range(len(weights)):
        assert recipe["models"][number]["parameters"]["gamma"] == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
@pytest.mark.parametrize("method", ["linear", "ties", "magnitude-pruned", "breadcrumbs", "dare"])
def test_a_recipe_that_gives_the_child_is_printed(method: str, dtype: str) -> None:
    merges = {
        "linear": _linear((0.6, 0.4)),
        "ties": _ties((0.6, 0.4), 0.5),
        "magnitude-pruned": _breadcrumbs((0.6, 0.4), 0.5, 0.0, False),
        "breadcrumbs": _breadcrumbs((0.6, 0.4), 0.5, 0.05, False),
        "dare": _dare((0.6, 0.4), 0.5, False),
    }
    child = {name: round_to(values, dtype) for name, values in _merged(merges[method], PARENTS[:2]).items()}
    found = _unmixed(child, 2, dtype=dtype)
    assert found.recipe is not None, found.caveats


def test_a_recipe_that_does_not_give_the_child_is_not_printed() -> None:
    found = _unmixed(noisy(_merged(_linear((0.6, 0.4)), PARENTS[:2]), 9, 0.05), 2)
    assert found.method == "linear"
    assert found.recipe is None
    assert any("carried out" in caveat for caveat in found.caveats)


def test_stacked_layers_are_traced_to_their_sources() -> None:
    plan = [(0, 0), (0, 1), (1, 1), (1, 2), (0, 2)]
    child = {name: values for name, values in PARENTS[0].items() if ".layers." not in name}
    for layer, (parent, source) in enumerate(plan):
        for name, values in PARENTS[parent].items():
            if f".layers.{source}." in name:
                child[name.replace(f".layers.{source}.", f".layers.{layer}.")] = values
    size = Size(layers=5, hidden=64, heads=4, kv_heads=2, ffn=96, vocab=128)
    parents = [_opened(weights, f"parent-{number}") for number, weights in enumerate(PARENTS[:2])]
    found = unmix_checkpoints(_opened(child, "child", size), parents)
    assert found.method == "passthrough"
    assert [part.source for part in found.layers] == [LayerSource(*source) for source in plan]
    assert found.residual == 0.0
    slices = yaml.safe_load(found.recipe or "")["slices"]
    assert [one["sources"][0]["layer_range"] for one in slices] == [[0, 2], [1, 3], [2, 3]]


def test_a_parent_that_was_not_named_shows_as_residual() -> None:
    found = _unmixed(_merged(_linear((0.3, 0.2, 0.5))), 2)
    assert found.method == "unknown"
    assert found.unexplained > 0.2
    assert found.recipe is None
    assert any("not named" in caveat for caveat in found.caveats)


def test_training_after_the_merge_shows_as_residual_and_leaves_the_weights() -> None:
    found = _unmixed(noisy(_merged(_linear((0.6, 0.4)), PARENTS[:2]), 9, 0.05), 2)
    assert found.method == "linear"
    assert 0.01 < found.unexplained < 0.2
    assert [share.value for share in found.weights] == pytest.approx([0.6, 0.4], abs=0.03)


def test_weights_that_change_with_group_and_layer_are_found_there_and_in_the_recipe() -> None:
    def share(name: str) -> float:
        if "self_attn" in name:
            return 0.2 + 0.3 * int(name.split(".")[2])
        return 0.5

    child = {
        name: (share(name) * PARENTS[0][name] + (1 - share(name)) * PARENTS[1][name]).astype(np.float32)
        for name in BASE
    }
    found = _unmixed(child, 2, with_base=False)
    assert found.method == "linear"
    assert found.unexplained < 1e-6
    settings = yaml.safe_load(found.recipe or "")["models"][0]["parameters"]["weight"]
    by_filter = {setting.get("filter"): setting["value"] for setting in settings}
    assert by_filter["self_attn"] == pytest.approx([0.2, 0.5, 0.8], abs=0.01)
    assert by_filter["mlp"] == pytest.approx(0.5, abs=0.01)


def test_collinear_parents_are_warned_of() -> None:
    twin = {name: (PARENTS[0][name] + 0.02 * (PARENTS[1][name] - BASE[name])).astype(np.float32) for name in BASE}
    models = [_opened(weights, name) for name, weights in (("one", PARENTS[0]), ("twin", twin))]
    found = unmix_checkpoints(_opened(noisy(PARENTS[0], 7, 0.01), "child"), models, _opened(BASE, "base"))
    assert [pair[:2] for pair in found.collinear] == [(0, 1)]
    assert any("told apart" in caveat for caveat in found.caveats)


def test_a_recipe_holds_a_hostile_name_as_a_string() -> None:
    name = 'x"\nmerge_method: other\n- {a: [b'
    parents = [_opened(PARENTS[0], name), _opened(PARENTS[1], "plain")]
    found = unmix_checkpoints(_opened(_merged(_linear((0.7, 0.3)), PARENTS[:2]), "child"), parents)
    recipe = yaml.safe_load(found.recipe or "")
    assert recipe["models"][0]["model"] == name
    assert recipe["merge_method"] == "linear"


def test_what_cannot_be_unmixed_is_refused_in_one_line() -> None:
    child = _opened(BASE, "child")
    other = checkpoint(repository(llama(3, Size()), llama_config(Size())), "other")
    for parents, said in (([], "at least one"), ([other], "--base"), ([other, other], "same place and shape")):
        with pytest.raises(LineageAuditError, match=said):
            unmix_checkpoints(child, parents)
