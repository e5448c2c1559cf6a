"""Every stored byte and every weight is read or named: over all quantised layouts, formats and what is not known."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from safetensors.torch import save

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.formats import read_container
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS
from tests.models import WIDE, bert, gpt2, gpt2_config, llama, llama_config, safetensors, sharded

UNKNOWN = "codes of an unknown scheme"
MATRICES = ("q_proj", "up_proj", "down_proj")
OPAQUE = {
    "exl3": {
        ".trellis": torch.zeros(8, 16, 64, dtype=torch.int16),
        ".suh": torch.ones(128).half(),
        ".svh": torch.ones(256).half(),
    },
    "unknown": {".packed": torch.zeros(256, 64, dtype=torch.uint8), ".step": torch.ones(256, 2)},
    "fp6": {".weight": torch.zeros(256, 128, dtype=torch.int16), ".order": torch.zeros(256, dtype=torch.int32)},
}


def quantised(name: str) -> MemorySource:
    """A Llama some of whose matrices are in a layout, and the rest as they were."""
    layout, tensors = LAYOUTS[name], dict[str, torch.Tensor]()
    for key, values in llama(1, WIDE).items():
        if any(part in key for part in MATRICES):
            stem = key.removesuffix(".weight")
            tensors |= {stem + suffix: found.contiguous() for suffix, found in layout.quantise(values).tensors.items()}
        else:
            tensors[key] = torch.from_numpy(values)
    config = {**llama_config(WIDE), layout.key: layout.settings}
    return MemorySource({"model.safetensors": save(tensors), "config.json": json.dumps(config)})


def opaque(name: str) -> MemorySource:
    tensors = {key: torch.from_numpy(values) for key, values in llama(1, WIDE).items() if "up_proj" not in key}
    for layer in range(WIDE.layers):
        tensors |= {f"model.layers.{layer}.mlp.up_proj{suffix}": one.clone() for suffix, one in OPAQUE[name].items()}
    return MemorySource({"model.safetensors": save(tensors), "config.json": json.dumps(llama_config(WIDE))})


def pickled() -> MemorySource:
    buffer = io.BytesIO()
    torch.save({"model": {name: torch.from_numpy(values) for name, values in llama(1).items()}}, buffer)
    return MemorySource({"model.pt": buffer.getvalue(), "config.json": json.dumps(llama_config())})


PLAIN = {
    "llama": lambda: MemorySource(
        {"model.safetensors": safetensors(llama(1)), "config.json": json.dumps(llama_config())}
    ),
    "sharded": lambda: MemorySource({**sharded(llama(1), 3), "config.json": json.dumps(llama_config())}),
    "no configuration": lambda: MemorySource({"model.safetensors": safetensors(llama(1))}),
    "gpt2": lambda: MemorySource({"model.safetensors": safetensors(gpt2(1)), "config.json": json.dumps(gpt2_config())}),
    "bert": lambda: MemorySource({"model.safetensors": safetensors(bert(1))}),
    "strangers": lambda: MemorySource({"x.safetensors": safetensors({"a.b": np.ones((3, 4), np.float32)})}),
    "pickle": pickled,
}


def sources() -> Iterator[tuple[str, MemorySource]]:
    yield from ((name, make()) for name, make in PLAIN.items())
    yield from ((name, quantised(name)) for name in LAYOUTS)
    yield from ((name, opaque(name)) for name in OPAQUE)


def stored_bytes(source: MemorySource) -> int:
    return sum(tensor.stop - tensor.start for tensor in read_container(source).tensors)


@pytest.mark.parametrize("name", [*PLAIN, *LAYOUTS, *OPAQUE])
def test_every_stored_byte_and_every_weight_is_in_one_row(name: str) -> None:
    source = dict(sources())[name] if name in PLAIN else opaque(name) if name in OPAQUE else quantised(name)
    model = read_checkpoint(source)
    assert sum(row.bytes for row in model.coverage) == stored_bytes(source)
    assert sum(row.parameters for row in model.coverage) == model.parameters
    assert all(row.part != "not placed" for row in model.coverage)


def _only_unread(model: Checkpoint) -> str:
    (sentence,) = [caveat for caveat in model.caveats if caveat.startswith("Not read: ")]
    return sentence


@pytest.mark.parametrize(("name", "reason"), [("exl3", "EXL3"), ("unknown", UNKNOWN), ("fp6", UNKNOWN)])
def test_what_is_not_read_is_named_by_part_and_reason(name: str, reason: str) -> None:
    model = read_checkpoint(opaque(name))
    assert f"2 tensors of the language model: {reason} (the first is model.layers.0.mlp.up_proj" in _only_unread(model)


def test_a_model_that_is_read_has_nothing_to_say() -> None:
    assert not read_checkpoint(quantised("gptq-4")).caveats
    assert {row.reason for row in read_checkpoint(quantised("gptq-4")).coverage} == {None}
