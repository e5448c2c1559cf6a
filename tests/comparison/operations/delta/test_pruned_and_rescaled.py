"""Zeros and scales are named for what they are, with their pattern, and training is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit import Operation, Verdict
from lineage_audit.comparison import compare_checkpoints
from tests.models import WIDE, Array, Weights, llama, llama_config, model

PARENT = llama(1, WIDE)
CONFIG = llama_config(WIDE)


def _changed(change: Callable[[str, Array], Array], parent: Weights = PARENT) -> Weights:
    return {
        name: change(name, values).astype(np.float32) if values.ndim == 2 else values for name, values in parent.items()
    }


def _half(_: str, values: Array) -> Array:
    return np.where(np.abs(values) >= np.median(np.abs(values)), values, 0)


def _two_of_four(_: str, values: Array) -> Array:
    groups = np.abs(values).reshape(-1, 4)
    smallest = np.argsort(groups, axis=1)[:, :2]
    kept = np.ones_like(groups)
    np.put_along_axis(kept, smallest, 0, axis=1)
    return values * kept.reshape(values.shape)


def _folded(name: str, values: Array) -> Array:
    scale = 12 if "embed" in name else 1 / 9 if "lm_head" in name else 0.22 if "o_proj" in name else 1
    return values * np.float32(scale)


def _head_normalised(name: str, values: Array) -> Array:
    return values / np.linalg.norm(values, axis=1, keepdims=True) if "lm_head" in name else values


def _trained(weights: Weights) -> Weights:
    rng = np.random.default_rng(5)
    return _changed(lambda _, values: values + 0.001 * rng.standard_normal(values.shape), weights)


def _verdict(a: Weights, b: Weights) -> Verdict:
    return compare_checkpoints(model(a, CONFIG), model(b, CONFIG), effort="full").verdict


def _only(verdict: Verdict) -> Operation:
    (operation,) = verdict.operations
    return operation


@pytest.mark.parametrize(
    ("change", "kind", "word"),
    [(_half, "pruned-unstructured", "50%"), (_two_of_four, "pruned-n:m", "at least 2 of every 4")],
)
def test_pruning_is_named_with_its_pattern_and_direction(change, kind: str, word: str) -> None:
    child = _changed(change)
    forward, backward = _verdict(PARENT, child), _verdict(child, PARENT)
    assert (_only(forward).kind, forward.direction) == (kind, "a->b")
    assert (_only(backward).kind, backward.direction) == (kind, "b->a")
    assert word in _only(forward).detail


def test_pruned_after_training_names_both_and_no_direction() -> None:
    verdict = _verdict(PARENT, _changed(_half, _trained(PARENT)))
    assert {operation.kind for operation in verdict.operations} == {"changed", "pruned-unstructured"}


@pytest.mark.parametrize("change", [_folded, _head_normalised])
def test_scales_are_no_training(change) -> None:
    verdict = _verdict(PARENT, _changed(change))
    assert verdict.relation == "derived"
    assert _only(verdict).kind == "rescaled"
    assert ("a row" in _only(verdict).detail) == (change is _head_normalised)


def test_training_is_no_scale() -> None:
    assert "rescaled" not in {operation.kind for operation in _verdict(PARENT, _trained(PARENT)).operations}
    assert "rescaled" not in {operation.kind for operation in _verdict(PARENT, _trained(_changed(_folded))).operations}
