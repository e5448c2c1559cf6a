"""Every layout that the loader reads is the same numbers as a grid, and plain rounding is seen in it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.quantization.grid import on_grid
from lineage_audit.checkpoint.reading import read_arrays
from lineage_audit.comparison.pairing.tensors import pair_tensors
from lineage_audit.comparison.progress import NoProgress
from lineage_audit.comparison.reading.measurement import measure_all
from lineage_audit.comparison.reading.plan import plan_reading
from lineage_audit.comparison.requantized import ask_requantization
from lineage_audit.errors import LineageAuditError
from lineage_audit.results import RequantizedTensor
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS, Layout
from tests.models import Array

STEM = "model.layers.0.mlp.up_proj"
MATRIX: Array = (0.02 * np.random.default_rng(4).standard_normal((128, 192))).astype(np.float32)
ON_GRIDS = sorted(name for name in LAYOUTS if "bitnet" not in name)


def _stored(layout: Layout) -> Checkpoint:
    tensors = {STEM + suffix: values.contiguous() for suffix, values in layout.quantise(MATRIX).tensors.items()}
    config = {"model_type": "llama", layout.key: layout.settings}
    return read_checkpoint(MemorySource({"model.safetensors": save(tensors), "config.json": json.dumps(config)}))


def _plain(matrix: Array) -> Checkpoint:
    files = {"model.safetensors": save({f"{STEM}.weight": torch.from_numpy(matrix)}), "config.json": "{}"}
    return read_checkpoint(MemorySource(files))


def _held(matrix: Array, layout: Layout) -> RequantizedTensor:
    a, b = _plain(matrix), _stored(layout)
    measured = measure_all(a, b, plan_reading(pair_tensors(a, b).pairs, "full"), NoProgress())
    found = ask_requantization(a, b, measured.values(), is_whole=True)
    assert found is not None
    return found.tensors[0]


@pytest.mark.parametrize("name", ON_GRIDS)
def test_a_grid_is_the_numbers_that_are_read(name: str) -> None:
    model = _stored(LAYOUTS[name])
    (tensor,) = model.tensors
    stored = tensor.parts[0].stored
    encoding = on_grid(stored.encoding)
    assert encoding is not None
    together = min(encoding.together, len(MATRIX))
    for low, high in ((0, len(MATRIX)), (0, together), (len(MATRIX) // 2 // together * together, len(MATRIX))):
        grid = encoding.grid(low, high, read_arrays(model.source, stored, low, high))
        values = grid.values().reshape(-1)[: (high - low) * MATRIX.shape[1]]
        np.testing.assert_allclose(values, model.rows(tensor, low, high).reshape(-1), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ON_GRIDS)
def test_plain_rounding_leaves_a_quarter_of_a_step_and_a_stranger_more(name: str) -> None:
    found = _held(MATRIX, LAYOUTS[name])
    assert found.codes == MATRIX.size
    assert found.nearest > 0.93
    assert found.steps < 0.3
    stranger = _held(np.roll(MATRIX, 7, axis=0), LAYOUTS[name])
    assert stranger.outcome == "apart"
    assert stranger.nearest < 0.75 * found.nearest


SOUND = {
    name: save({STEM + end: one.contiguous() for end, one in LAYOUTS[name].quantise(MATRIX).tensors.items()})
    for name in ON_GRIDS
}


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(ON_GRIDS), st.data())
def test_damaged_codes_and_scales_give_numbers_or_one_line(name: str, data: st.DataObject) -> None:
    changed = bytearray(SOUND[name])
    start = int.from_bytes(changed[:8], "little") + 8  # the header has its own tests
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(start, len(changed) - 1))] = data.draw(st.sampled_from([0, 127, 128, 255]))
    layout = LAYOUTS[name]
    config = {"model_type": "llama", layout.key: layout.settings}
    a = _plain(MATRIX)
    files = {"model.safetensors": bytes(changed), "config.json": json.dumps(config)}
    try:
        b = read_checkpoint(MemorySource(files))
        measured = measure_all(a, b, plan_reading(pair_tensors(a, b).pairs, "full"), NoProgress())
        found = ask_requantization(a, b, measured.values(), is_whole=True)
    except LineageAuditError as error:
        assert "\n" not in str(error)
        return
    for one in found.tensors if found else ():
        assert 0 <= one.nearest <= 1
        assert np.isfinite(one.steps)
