"""What is read to make a quantisation again counts in the budget, is stated, and what is beyond it is named."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import Measurement, measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.requantized import ask_requantization, with_sample_kept
from lineage_audit.results import Requantization
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS, Layout
from tests.models import Array

LAYERS, ROWS, WIDTH = 6, 128, 192
NAMES = tuple(f"model.layers.{layer}.mlp.up_proj" for layer in range(LAYERS))
OF_A_MATRIX = ROWS * WIDTH * 4
LAYOUT: Layout = LAYOUTS[next(name for name in sorted(LAYOUTS) if "gptq" in name)]


def _matrices() -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {name: (0.02 * rng.standard_normal((ROWS, WIDTH))).astype(np.float32) for name in NAMES}


def _pair() -> tuple[Checkpoint, Checkpoint]:
    plain, stored = {}, {}
    for name, matrix in _matrices().items():
        plain[f"{name}.weight"] = torch.from_numpy(matrix)
        stored |= {name + suffix: one.contiguous() for suffix, one in LAYOUT.quantise(matrix).tensors.items()}
    config = {"model_type": "llama", LAYOUT.key: LAYOUT.settings}
    a = MemorySource({"model.safetensors": save(plain), "config.json": "{}"})
    b = MemorySource({"model.safetensors": save(stored), "config.json": json.dumps(config)})
    return read_checkpoint(a), read_checkpoint(b)


def _measured(a: Checkpoint, b: Checkpoint) -> list[Measurement]:
    return list(measure_all(a, b, plan_reading(pair_tensors(a, b).pairs, "full"), NoProgress()).values())


def _asked(budget: int | None, *, is_kept: bool = False) -> Requantization | None:
    a, b = with_sample_kept(*_pair()) if is_kept else _pair()
    measured = _measured(a, b)
    before = a.source.bytes_read + b.source.bytes_read
    found = ask_requantization(a, b, measured, is_whole=True, budget=budget)
    if found is not None:
        assert found.bytes_read == a.source.bytes_read + b.source.bytes_read - before
    return found


def test_without_a_budget_every_matrix_is_asked_and_what_is_read_is_stated() -> None:
    found = _asked(None)
    assert found is not None
    assert (len(found.tensors), found.unasked) == (LAYERS, ())
    assert found.bytes_read > LAYERS * OF_A_MATRIX


@pytest.mark.parametrize("matrices", [2, 4])
def test_what_is_beyond_the_budget_is_named_and_the_budget_holds(matrices: int) -> None:
    found = _asked(matrices * OF_A_MATRIX)
    assert found is not None
    assert len(found.tensors) == matrices // 2  # each is read twice where a whole matrix' extent is wanted
    assert [one.split(":")[1] for one in found.unasked] == [" beyond the budget"] * (LAYERS - matrices // 2)
    assert found.bytes_read <= 2 * matrices * OF_A_MATRIX


def test_a_budget_that_is_spent_asks_nothing() -> None:
    assert _asked(0) is None


def test_what_was_kept_of_the_sample_is_not_read_again() -> None:
    found = _asked(None, is_kept=True)
    assert found is not None
    assert len(found.tensors) == LAYERS
    assert found.bytes_read == 0
