"""Matrices of every shape that they should not have: each comparison ends in a verdict or in one line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lineage_audit.comparison import compare_checkpoints
from lineage_audit.errors import LineageAuditError
from tests.depth import TIMES
from tests.models import SMALL, Array, Config, Weights, llama, llama_config, model, noisy

MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "input_layernorm")
SHAPES: dict[str, Callable[[Array], Array]] = {
    "half of the rows": lambda m: m[: len(m) // 2],
    "twice the rows": lambda m: np.concatenate([m, m]),
    "half of the columns": lambda m: m[..., : m.shape[-1] // 2],
    "twice the columns": lambda m: np.concatenate([m, m], axis=-1),
    "one axis": lambda m: m.ravel(),
    "three axes": lambda m: m[None] if m.ndim < 3 else m,
    "transposed": lambda m: np.ascontiguousarray(m.T),
    "padded": lambda m: np.pad(m, 3),
}
CONFIGS: dict[str, Config] = {
    "heads stated": llama_config(SMALL),
    "heads unknown": {key: value for key, value in llama_config(SMALL).items() if "heads" not in key},
}
EVERY_LAYER, LAST_LAYER = (0, 1), (1,)


def _with_shape(weights: Weights, matrix: str, shape: str, layers: tuple[int, ...]) -> Weights:
    chosen = {f"model.layers.{layer}." for layer in layers}
    return {
        name: SHAPES[shape](values) if matrix in name and any(at in name for at in chosen) else values
        for name, values in weights.items()
    }


def _shuffled(weights: Weights) -> Weights:
    """A copy whose FFN units stand in another order, so that the search has something to find."""
    order = np.random.default_rng(7).permutation(SMALL.ffn)
    return {
        name: values[order] if name.endswith(("gate_proj.weight", "up_proj.weight")) else
        np.ascontiguousarray(values[:, order]) if name.endswith("down_proj.weight") else values
        for name, values in noisy(weights, 2, 0.05).items()
    }  # fmt: skip


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("matrix", MATRICES)
def test_every_shape_ends_in_a_verdict_or_one_line(matrix: str, config: str) -> None:
    plain, copy = llama(1), _shuffled(llama(1))
    for number, shape in enumerate(SHAPES):
        odd, odd_copy = (_with_shape(weights, matrix, shape, EVERY_LAYER) for weights in (plain, copy))
        pairs = [(odd, odd_copy), (plain, _with_shape(copy, matrix, shape, LAST_LAYER))]
        for a, b in pairs if TIMES > 1 else pairs[(number + (config == "heads unknown")) % 2 :][:1]:
            ends_well(a, b, CONFIGS[config])


def ends_well(a: Weights, b: Weights, config: Config) -> None:
    try:
        assert compare_checkpoints(model(a, config), model(b, config), effort="search").verdict.summary
    except LineageAuditError as error:
        assert "\n" not in str(error)
