"""Deltas that leave a mark are named with their detail; fine-tunes are not mistaken for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit import Operation, Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.models import WIDE, Array, Weights, bfloat16, llama, llama_config, model

Change = Callable[[Weights, np.random.Generator], Weights]
PARENT = llama(1, WIDE)


def _changed(matrix: Callable[[str, Array], Array]) -> Weights:
    return {name: matrix(name, values) if "proj" in name else values for name, values in PARENT.items()}


def _lora(rank: int, modules: tuple[str, ...], seed: int = 2) -> Weights:
    rng = np.random.default_rng(seed)

    def merged(name: str, values: Array) -> Array:
        if not any(module in name for module in modules):
            return values
        rows, columns = values.shape
        delta = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))
        return (values + 0.1 * values.std() / rank**0.5 * delta).astype(np.float32)

    return _changed(merged)


def _quantised(bits: int, group: int | None) -> Weights:
    largest = 2 ** (bits - 1) - 1

    def rounded(_: str, values: Array) -> Array:
        groups = values.reshape(-1, group or values.shape[1])
        steps = np.abs(groups).max(axis=1, keepdims=True) / largest
        return (np.round(groups / steps) * steps).reshape(values.shape).astype(np.float32)

    return _changed(rounded)


def _noisy(seed: int = 3) -> Weights:
    rng = np.random.default_rng(seed)
    return _changed(lambda _, x: (x + 0.05 * x.std() * rng.standard_normal(x.shape)).astype(np.float32))


def _ablated() -> Weights:
    direction = np.random.default_rng(4).standard_normal(WIDE.hidden)
    direction = (direction / np.linalg.norm(direction)).astype(np.float32)
    writes = ("o_proj", "down_proj")
    return _changed(
        lambda name, x: x - np.outer(direction, direction @ x) if any(part in name for part in writes) else x
    )


def _trained() -> Weights:
    """A full-rank delta with a few strong directions, as training makes it, in every tensor."""
    rng = np.random.default_rng(5)

    def moved(values: Array) -> Array:
        if values.ndim == 1:
            return (values + 0.01 * rng.standard_normal(values.shape)).astype(np.float32)
        left, right = rng.standard_normal((values.shape[0], 40)), rng.standard_normal((40, values.shape[1]))
        strong = (left * (2.0 ** -np.arange(40))) @ right
        spread = values.std() * (0.05 * strong / strong.std() + 0.03 * rng.standard_normal(values.shape))
        return (values + spread).astype(np.float32)

    return {name: moved(values) for name, values in PARENT.items()}


def _verdict(a: Weights, b: Weights) -> Verdict:
    return compare_checkpoints(model(a, llama_config(WIDE)), model(b, llama_config(WIDE))).verdict


def _only(verdict: Verdict) -> Operation:
    (operation,) = verdict.operations
    return operation


@pytest.mark.parametrize("stored", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("weights", "kind", "detail", "direction"),
    [
        # so few numbers lie along the weights by chance
        (_lora(4, ("q_proj", "v_proj")), "lora-merged", "rank 4 on q, v", "undetermined"),
        (_lora(16, ("proj",)), "lora-merged", "rank 16 on q, k, v, o, gate, up, down", "a->b"),
        (_quantised(8, None), "quantized", "B is A rounded to int8, one scale a row", "a->b"),
        (_quantised(4, None), "quantized", "B is A rounded to int4, one scale a row", "a->b"),
        (_quantised(4, 32), "quantized", "B is A rounded to int4, one scale for 32 weights", "a->b"),
        (_noisy(), "noise-added", "Gaussian noise of 5.0% of the weights' standard deviation", "a->b"),
        (_ablated(), "direction-ablated", "B writes nothing along one residual direction", "a->b"),
    ],
    ids=["lora 4", "lora 16", "int8", "int4", "int4 groups", "noise", "ablated"],
)
def test_a_marked_delta_is_named(weights: Weights, kind: str, detail: str, direction: str, stored: str) -> None:
    if stored == "bfloat16":
        weights = {name: bfloat16(values) if "proj" in name else values for name, values in weights.items()}
    verdict = _verdict(PARENT, weights)
    assert verdict.relation == "derived"
    assert verdict.direction == direction
    assert (_only(verdict).kind, _only(verdict).detail) == (kind, detail)


def test_the_same_found_from_the_other_side() -> None:
    verdict = _verdict(_quantised(4, None), PARENT)
    assert verdict.direction == "b->a"
    assert _only(verdict).detail == "A is B rounded to int4, one scale a row"


def test_two_adapters_of_one_model_show_no_direction() -> None:
    verdict = _verdict(_lora(4, ("proj",)), _lora(4, ("proj",), seed=7))
    assert (_only(verdict).kind, _only(verdict).detail) == ("lora-merged", "rank 8 on q, k, v, o, gate, up, down")
    assert verdict.direction == "undetermined"
    assert verdict.excluded == ()


def test_an_adapter_beside_a_noisy_copy_of_its_base_shows_no_direction() -> None:
    rng = np.random.default_rng(8)
    faint = _changed(lambda _, x: (x + 0.001 * x.std() * rng.standard_normal(x.shape)).astype(np.float32))
    verdict = _verdict(faint, _lora(4, ("proj",)))
    assert (_only(verdict).kind, verdict.direction) == ("lora-merged", "undetermined")


def test_two_noisy_copies_of_one_model_show_no_direction() -> None:
    verdict = _verdict(_noisy(3), _noisy(4))
    assert _only(verdict).kind == "noise-added"
    assert verdict.direction == "undetermined"


def test_training_is_not_mistaken_for_any_of_them() -> None:
    verdict = _verdict(PARENT, _trained())
    assert _only(verdict).kind == "fine-tuned"
    assert verdict.direction == "undetermined"


def test_a_sample_looks_at_what_writes_to_the_stream_where_nothing_else_was_changed() -> None:
    a, b = (model(weights, llama_config(WIDE)) for weights in (PARENT, _ablated()))
    verdict = compare_checkpoints(a, b, effort="sample").verdict
    assert _only(verdict).kind == "direction-ablated"
    assert verdict.direction == "a->b"


def test_a_sample_calls_no_edit_of_the_embeddings_what_changed_elsewhere_too() -> None:
    rng = np.random.default_rng(6)
    changed = {
        name: (values + 0.05 * values.std() * rng.standard_normal(values.shape)).astype(np.float32)
        if any(part in name for part in ("embed", "down_proj", "o_proj"))
        else values
        for name, values in PARENT.items()
    }
    a, b = (model(weights, llama_config(WIDE)) for weights in (PARENT, changed))
    kinds = {operation.kind for operation in compare_checkpoints(a, b, effort="sample").verdict.operations}
    assert kinds
    assert "edited" not in kinds
