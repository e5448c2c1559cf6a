"""Layers put in and averaged, heads averaged, models grown: each is named, with a reconstruction where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lineage_audit import Operation, Verdict
from lineage_audit.comparison import EffortChoice, compare_checkpoints
from tests.models import Array, Size, Weights, llama, llama_config, model

SIZE = Size(layers=5, hidden=128, heads=8, kv_heads=8, ffn=192, vocab=384)
_READERS = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")


def _favouring(weights: Weights, seed: int) -> Weights:
    """The same model, whose layers all read some channels more than others, as training makes them."""
    favour = np.exp(0.5 * np.random.default_rng(seed).standard_normal(SIZE.hidden)).astype(np.float32)
    return {
        name: values * favour if any(part in name for part in _READERS) else values for name, values in weights.items()
    }


PARENT = _favouring(llama(1, SIZE), 3)
STRANGER = _favouring(llama(2, SIZE), 4)


def _verdict(
    b: Weights, size: Size = SIZE, a: Weights = PARENT, of: Size = SIZE, effort: EffortChoice = "full"
) -> Verdict:
    return compare_checkpoints(model(a, llama_config(of)), model(b, llama_config(size)), effort=effort).verdict


def _named(verdict: Verdict, kind: str) -> Operation:
    return next(operation for operation in verdict.operations if operation.kind == kind)


def _kinds(verdict: Verdict) -> set[str]:
    return {operation.kind for operation in verdict.operations}


def _layer(weights: Weights, number: int) -> Weights:
    at = f"model.layers.{number}."
    return {name.removeprefix(at): values for name, values in weights.items() if name.startswith(at)}


def _with_layers(layers: list[Weights]) -> Weights:
    outside = {name: values for name, values in PARENT.items() if ".layers." not in name}
    return outside | {f"model.layers.{n}.{name}": v for n, layer in enumerate(layers) for name, v in layer.items()}


def _inserted() -> Weights:
    layers = [_layer(PARENT, number) for number in range(SIZE.layers)]
    return _with_layers([*layers[:2], _layer(STRANGER, 2), *layers[2:]])


def _averaged_layers() -> Weights:
    layers = [_layer(PARENT, number) for number in range(SIZE.layers)]
    mean = {name: (0.5 * (values + layers[2][name])).astype(np.float32) for name, values in layers[1].items()}
    return _with_layers([layers[0], mean, *layers[3:]])


def _averaged_heads() -> Weights:
    def change(name: str, values: Array) -> Array:
        if "k_proj" not in name and "v_proj" not in name:
            return values
        return values.reshape(2, 4, SIZE.head_dim, SIZE.hidden).mean(axis=1).reshape(-1, SIZE.hidden)

    return {name: change(name, values) for name, values in PARENT.items()}


def _grown(order: np.ndarray, units: np.ndarray, groups: np.ndarray) -> Weights:
    """Twice the width: what reads copies has its columns halved."""
    heads = (groups[:, None] * SIZE.head_dim + np.arange(SIZE.head_dim)).ravel()
    axes = {
        **dict.fromkeys(("q_proj", "k_proj", "v_proj"), (heads, order)),
        "o_proj": (order, heads),
        "gate_proj": (units, order),
        "up_proj": (units, order),
        "down_proj": (order, units),
        "norm": (order,),
        "embed": (None, order),
        "lm_head": (None, order),
    }

    def change(name: str, values: Array) -> Array:
        numbers = next(found for part, found in axes.items() if part in name)
        for axis, chosen in enumerate(numbers):
            values = values if chosen is None else values.take(chosen, axis=axis)
        return values if "embed" in name or "norm" in name else values / 2

    return {name: change(name, values).astype(np.float32) for name, values in PARENT.items()}


TWICE = replace(SIZE, hidden=256, heads=16, kv_heads=16, ffn=384)


def _cloned() -> Weights:
    return _grown(np.tile(np.arange(128), 2), np.tile(np.arange(192), 2), np.tile(np.arange(8), 2))


def _scattered() -> Weights:
    rng = np.random.default_rng(5)
    return _grown(*(rng.permutation(np.tile(np.arange(count), 2)) for count in (128, 192, 8)))


def test_a_layer_of_another_model_between_the_others_was_put_in() -> None:
    verdict = _verdict(_inserted(), replace(SIZE, layers=6))
    assert _named(verdict, "layers-inserted").detail == "layers 2 of B were trained with none of its others"
    assert "layers-removed" not in _kinds(verdict)


def test_a_layer_trained_with_the_others_was_taken_out() -> None:
    child = _with_layers([_layer(PARENT, number) for number in (0, 1, 3, 4)])
    verdict = _verdict(child, replace(SIZE, layers=4))
    assert _kinds(verdict) == {"layers-removed"}


def test_two_layers_that_became_one_are_named_with_their_shares() -> None:
    verdict = _verdict(_averaged_layers(), replace(SIZE, layers=4))
    operation = _named(verdict, "layers-merged")
    assert operation.detail == "layer 1 of B is 0.50 of layer 1 and 0.50 of layer 2 of A"
    assert "within 0.0% of their size" in operation.evidence
    assert not {"fine-tuned", "continued-pretrained", "layers-removed"} & _kinds(verdict)


def test_heads_that_became_their_mean_are_named_from_both_sides() -> None:
    fewer = replace(SIZE, kv_heads=2)
    operation = _named(_verdict(_averaged_heads(), fewer), "heads-merged")
    assert operation.detail == "B's 2 key and value heads are means of 4 of A's 8 each"
    turned = _named(_verdict(PARENT, SIZE, _averaged_heads(), fewer), "heads-merged")
    assert turned.detail == "A's 2 key and value heads are means of 4 of B's 8 each"


def test_single_heads_that_were_kept_are_no_means() -> None:
    fewer = replace(SIZE, kv_heads=4)
    child = {
        name: values[: SIZE.hidden // 2] if "k_proj" in name or "v_proj" in name else values
        for name, values in PARENT.items()
    }
    assert "heads-merged" not in _kinds(_verdict(child, fewer))


@pytest.mark.parametrize("grow", [_cloned, _scattered], ids=["HyperCloning", "Net2Net"])
def test_a_model_of_twice_the_width_is_found_and_named(grow) -> None:
    verdict = _verdict(grow(), TWICE)
    assert verdict.relation == "derived"
    assert _kinds(verdict) == {"width-grown"}
    assert "256 residual channels are copies of A's 128" in _named(verdict, "width-grown").detail
    assert verdict.explained_variance == pytest.approx(1.0, abs=1e-5)
    assert verdict.derived_share == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("grow", [_cloned, _scattered], ids=["HyperCloning", "Net2Net"])
def test_a_sample_names_what_was_grown(grow) -> None:
    verdict = _verdict(grow(), TWICE, effort="sample")
    assert verdict.relation == "derived"
    assert _kinds(verdict) == {"width-grown"}
    assert "256 residual channels are copies of A's 128" in _named(verdict, "width-grown").detail


def test_a_sample_names_layers_that_became_one() -> None:
    verdict = _verdict(_averaged_layers(), replace(SIZE, layers=4), effort="sample")
    assert _kinds(verdict) == {"layers-merged"}


def test_a_sample_names_gains_that_were_moved() -> None:
    rng, child = np.random.default_rng(9), dict(PARENT)
    for layer in range(SIZE.layers):
        at = f"model.layers.{layer}."
        for norm, readers in (("input", ("q", "k", "v")), ("post_attention", ("gate", "up"))):
            factors = np.exp(rng.normal(0.0, 0.5, SIZE.hidden)).astype(np.float32)
            child[f"{at}{norm}_layernorm.weight"] = PARENT[f"{at}{norm}_layernorm.weight"] * factors
            for name in child:
                if name.startswith(at) and any(f"{reader}_proj" in name for reader in readers):
                    child[name] = PARENT[name] / factors
    verdict = _verdict(child, effort="sample")
    assert verdict.relation == "derived"
    assert _kinds(verdict) == {"gains-moved"}


def test_doubled_units_are_found_and_named() -> None:
    everyone, doubled = np.arange(128), np.repeat(np.arange(192), 2)
    child = _grown(everyone, doubled, np.arange(8))
    for name in child:
        if "down_proj" not in name and "norm" not in name and "embed" not in name:
            child[name] = child[name] * 2
    verdict = _verdict(child, replace(SIZE, ffn=384))
    assert verdict.relation == "derived"
    assert _kinds(verdict) == {"width-grown"}
    assert verdict.direction == "a->b"


def test_a_wider_stranger_was_not_grown() -> None:
    verdict = _verdict(llama(7, TWICE), TWICE)
    assert verdict.relation in ("independent", "inconclusive")
