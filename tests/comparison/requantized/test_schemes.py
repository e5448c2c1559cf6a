"""Every scheme against its own code: codes and scales made again, an edit seen, a stranger far away."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.requantized.asking import ask_requantization
from lineage_audit.results import RequantizedTensor
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import rounded
from tests.comparison.requantized.layouts import awq_layout
from tests.comparison.requantized.published import activations, awq_factors, gptq
from tests.comparison.requantized.quantisers import QUANTISERS, STEM, Tensors, matrix


def _model(tensors: Tensors, settings: dict[str, object] | None = None) -> Checkpoint:
    named = {STEM + suffix: values.contiguous() for suffix, values in tensors.items()}
    config = {"model_type": "llama", "quantization_config": settings or {}}
    return read_checkpoint(MemorySource({"model.safetensors": save(named), "config.json": json.dumps(config)}))


def _held(original: torch.Tensor, stored: Tensors, settings: dict[str, object] | None = None) -> RequantizedTensor:
    a, b = _model({".weight": original}), _model(stored, settings)
    readings = plan_reading(pair_tensors(a, b).pairs, "full")
    found = ask_requantization(a, b, measure_all(a, b, readings, NoProgress()).values(), is_whole=True)
    assert found is not None
    assert (found.of, found.stored, found.unasked) == ("a", "b", ())
    (tensor,) = found.tensors
    return tensor


@pytest.mark.parametrize("name", QUANTISERS)
def test_a_grid_is_made_again(name: str) -> None:
    quantiser = QUANTISERS[name]
    if not quantiser.is_installed:
        pytest.skip(f"{quantiser.library} is not installed")
    original = torch.from_numpy(matrix()).to(quantiser.dtype)
    stored = quantiser.quantise(original)
    found = _held(original, stored, quantiser.settings)
    assert found.outcome == "remade"
    assert found.codes == original.numel()
    assert found.equal + found.ties >= found.codes > 0.999 * found.equal
    assert found.steps < 0.3
    other = original.clone()
    other[17, 40:44] = other[17, 40:44].roll(1)
    edited = _held(other, stored, quantiser.settings)
    assert edited.outcome == "apart"
    assert found.codes - 400 < edited.equal < found.equal
    stranger = _held(torch.from_numpy(matrix(seed=5)).to(quantiser.dtype), stored, quantiser.settings)
    assert stranger.outcome == "apart"
    assert stranger.nearest < 0.2
    assert stranger.steps > 2 * found.steps


GROUP = 32


def test_gptq_is_told_from_rounding_and_from_strangers() -> None:
    """What one rounding loses moves into the next: codes are the original's, and not the nearest."""
    weights = matrix(128, 256)
    codes, scales, zeros = gptq(weights, activations(256), GROUP)
    stored = awq_layout(codes, scales, zeros)  # the layout says nothing of who chose the codes
    original = torch.from_numpy(weights)
    found = _held(original, stored)
    plain = _held(original, awq_layout(*rounded(weights, 4, GROUP)))
    stranger = _held(torch.from_numpy(matrix(128, 256, seed=5)), stored)
    assert plain.outcome == "nearest"
    assert plain.steps < 0.26
    assert found.outcome == "apart"
    assert found.rule is None
    assert 0.3 < found.steps < 1.0
    assert 0.3 < found.nearest < 0.9
    assert stranger.nearest < 0.2 < found.nearest
    assert stranger.steps > 3 * found.steps


def test_awq_is_near_once_each_input_has_its_factor() -> None:
    weights = matrix(128, 256)
    factors = awq_factors(weights, activations(256), GROUP)
    stored = awq_layout(*rounded(weights * factors, 4, GROUP))
    found = _held(torch.from_numpy(weights), stored)
    stranger = _held(torch.from_numpy(matrix(128, 256, seed=5)), stored)
    assert found.outcome == "apart"
    assert found.steps < 0.35
    assert found.nearest > 0.75 > 0.2 > stranger.nearest
