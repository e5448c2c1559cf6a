"""Small models in every stored form that is known, and in some that are not: for what is to hold of all of them."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType
from safetensors.torch import save

from benchmarks.fuzz.seeds import seeds
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.checkpoint.formats.gguf_mixers import FAMILIES
from tests.checkpoint.formats.torch_files import save_legacy
from tests.checkpoint.memory_source import MemorySource
from tests.checkpoint.quantization.schemes import LAYOUTS
from tests.models import (
    SMALL,
    WIDE,
    Config,
    Weights,
    bert,
    gpt2,
    gpt2_config,
    llama,
    llama_config,
    safetensors,
    sharded,
)

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


def _model(weights: Weights, config: Config) -> MemorySource:
    return MemorySource({"model.safetensors": safetensors(weights), "config.json": json.dumps(config)})


def _gguf(weights: Weights, architecture: str, kind: GGMLQuantizationType, numbers: Mapping[str, int]) -> MemorySource:
    with tempfile.TemporaryDirectory() as folder:
        stated = {f"{architecture}.ssm.{key}": value for key, value in numbers.items()}
        path = write_gguf(Path(folder) / "m.gguf", weights, kind, architecture, llama_config(), numbers=stated)
        return MemorySource({"m.gguf": path.read_bytes()})


def gguf(kind: GGMLQuantizationType) -> MemorySource:
    return _gguf(converted(llama(1), SMALL.heads, SMALL.kv_heads), "llama", kind, {})


def gguf_mixers(name: str) -> MemorySource:
    made = FAMILIES[name]()
    return _gguf(made.converted, made.architecture, GGMLQuantizationType.F32, made.numbers)


def mixers(name: str) -> MemorySource:
    made = FAMILIES[name]()
    return _model(made.original, made.config)


def distributed() -> MemorySource:
    folder = Path(__file__).parent / "formats" / "goldens" / "distcp"
    return MemorySource({file.name: file.read_bytes() for file in folder.iterdir()})


def megatron(kind: str) -> MemorySource:
    folder = Path(__file__).parent / "formats" / "goldens" / "megatron" / kind
    files = (path for path in folder.rglob("*") if path.is_file())
    return MemorySource({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})


def legacy() -> MemorySource:
    weights = {name: torch.from_numpy(values) for name, values in llama(1).items()}
    return MemorySource({"pytorch_model.bin": save_legacy(weights), "config.json": json.dumps(llama_config())})


def adapter() -> MemorySource:
    rng, module = np.random.default_rng(1), "base_model.model.model.layers.0.self_attn.q_proj"
    tensors = {f"{module}.lora_{side}.weight": rng.standard_normal(shape).astype(np.float32)
               for side, shape in (("A", (4, 32)), ("B", (32, 4)))}  # fmt: skip
    settings = json.dumps({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]})
    return MemorySource({"adapter_model.safetensors": safetensors(tensors), "adapter_config.json": settings})


def diffusers() -> MemorySource:
    parts = {f"{name}/model.safetensors": safetensors({"x.weight": np.ones((4, 8), np.float32)}) for name in ("a", "b")}
    return MemorySource({**parts, "model_index.json": json.dumps({"_class_name": "Pipeline"})})


MORE: Mapping[str, Callable[[], MemorySource]] = {
    "legacy pickle": legacy,
    "distributed": distributed,
    "megatron": partial(megatron, "ranks"),
    "megatron, distributed": partial(megatron, "pieces"),
    "gguf": lambda: gguf(GGMLQuantizationType.F32),
    "gguf q8_0": lambda: gguf(GGMLQuantizationType.Q8_0),
    "onnx": lambda: MemorySource({"model.onnx": seeds("onnx")[0]}),
    "adapter": adapter,
    "diffusers": diffusers,
    **{f"mixers of {name}": partial(mixers, name) for name in FAMILIES},
    **{f"mixers of {name} in gguf": partial(gguf_mixers, name) for name in FAMILIES},
}
"""Other formats, and architectures whose tensors are cut into parts."""


STORED: Mapping[str, Callable[[], MemorySource]] = {
    **PLAIN,
    **MORE,
    **{name: partial(quantised, name) for name in LAYOUTS},
    **{name: partial(opaque, name) for name in OPAQUE},
}
"""What a stored form is called -> a model in it."""
