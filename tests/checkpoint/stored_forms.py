"""Small models in every stored form that is known, and in some that are not: for what is to hold of all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from safetensors.torch import save

from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS
from tests.models import WIDE, bert, gpt2, gpt2_config, llama, llama_config, safetensors, sharded

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


PLAIN: Mapping[str, Callable[[], MemorySource]] = {
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


STORED: Mapping[str, Callable[[], MemorySource]] = {
    **PLAIN,
    **{name: partial(quantised, name) for name in LAYOUTS},
    **{name: partial(opaque, name) for name in OPAQUE},
}
"""What a stored form is called -> a model in it."""
