"""Damaged quantised files: the project's own error or numbers, never anything else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS

MATRIX = np.random.default_rng(4).standard_normal((32, 64)).astype(np.float32)
STEM = "model.layers.0.mlp.up_proj"
CONFIG = b'{"quantization": {"group_size": 32, "bits": 4}}'
NAMES = ("gptq-4-act-order", "gptq-3", "awq", "bnb-nf4-nested", "bnb-int8", "fp8-blocks", "w4a16-asymmetric", "mlx-4")


def _tensors(name: str) -> dict[str, torch.Tensor]:
    return {STEM + suffix: values.contiguous() for suffix, values in LAYOUTS[name].quantise(MATRIX).tensors.items()}


SOUND = {name: save(_tensors(name)) for name in NAMES}


def _read_everything(data: bytes, config: bytes = CONFIG) -> None:
    model = read_checkpoint(MemorySource({"model.safetensors": data, "config.json": config}))
    for tensor in model.tensors:
        if is_readable(tensor) and tensor.shape:
            model.rows(tensor, 0, min(3, tensor.shape[0]))


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMES), st.data())
def test_changed_bytes(name: str, data: st.DataObject) -> None:
    changed = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        _read_everything(bytes(changed))
    except LineageAuditError as error:
        assert "\n" not in str(error)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMES), st.data())
def test_companions_of_other_shapes_and_types(name: str, data: st.DataObject) -> None:
    tensors = _tensors(name)
    chosen = data.draw(st.sampled_from(sorted(tensors)))
    shape = data.draw(st.lists(st.sampled_from([0, 1, 2, 8, 32, 64]), max_size=3))
    kinds = [torch.int32, torch.uint8, torch.float16, torch.int64, torch.int8, torch.bool, torch.float32, torch.uint32]
    tensors[chosen] = torch.zeros(shape, dtype=data.draw(st.sampled_from(kinds)))
    try:
        _read_everything(save(tensors))
    except LineageAuditError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "value", [b"null", b"[]", b'"x"', b"{}", b"-1", b"0", b"1e99", b"[0, -5]", b'["a", 1]', b"true"]
)
@pytest.mark.parametrize("name", ["mlx-4", "fp8-blocks", "gptq-3"])
def test_settings_that_make_no_sense(name: str, value: bytes) -> None:
    keys = b'"group_size": %b, "bits": %b, "weight_block_size": %b, "checkpoint_format": %b'
    for place in (b"quantization", b"quantization_config"):
        _read_everything(SOUND[name], b'{"%b": {%b}}' % (place, keys % ((value,) * 4)))


@pytest.mark.parametrize("group", [-1, 2, 2**31 - 1])
def test_a_group_that_is_not_there(group: int) -> None:
    tensors = _tensors("gptq-4-act-order")
    tensors[f"{STEM}.g_idx"][5] = group
    with pytest.raises(UnreadableFileError, match="groups"):
        _read_everything(save(tensors))


def test_a_state_that_claims_too_much() -> None:
    tensors = _tensors("bnb-nf4-nested")
    name = f"{STEM}.weight.quant_state.bitsandbytes__nf4"
    text = b'{"shape": [1000000000, 1000000000], "blocksize": 64, "nested_blocksize": 256, "nested_offset": 0.0}'
    tensors[name] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    _read_everything(save(tensors))
    tensors[name] = torch.frombuffer(bytearray(b"{" * 300), dtype=torch.uint8)
    with pytest.raises(LineageAuditError):
        _read_everything(save(tensors))
