"""Weight files beside those that are read: copies are told from weights of their own by rows of both."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.checkpoint.memory_source import MemorySource
from tests.models import WIDE, Weights, llama, llama_config, safetensors

MODEL = llama(1)


def opened(beside: Mapping[str, bytes], **config: object) -> Checkpoint:
    files = {"model.safetensors": safetensors(MODEL), "config.json": json.dumps(llama_config(**config)), **beside}
    return read_checkpoint(MemorySource(files))


def pickled(weights: Weights, dtype: torch.dtype = torch.float32) -> bytes:
    buffer = io.BytesIO()
    torch.save({name: torch.from_numpy(values).to(dtype) for name, values in weights.items()}, buffer)
    return buffer.getvalue()


COPIES = {
    "pytorch_model.bin": pickled(MODEL),
    "in bfloat16.pt": pickled(MODEL, torch.bfloat16),
    "model.fp16.safetensors": safetensors(MODEL, "F16"),
    "fp16/model.safetensors": safetensors(MODEL, "F16"),
}
OTHERS = {
    "pytorch_model.bin": pickled(llama(2)),
    "checkpoint-500/model.safetensors": safetensors(llama(3)),
    "with more.safetensors": safetensors({**MODEL, "model.layers.2.mlp.up_proj.weight": MODEL["lm_head.weight"]}),
    "with other shapes.safetensors": safetensors(llama(1, WIDE)),
    "damaged.safetensors": b"no such header",
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_said_to_be_one(name: str) -> None:
    (left,) = opened({name: COPIES[name]}).left_out
    assert left.settles
    assert "holds the same weights, as far as sampled rows tell" in left.sentence
    assert left.bytes == len(COPIES[name])


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_copy_is_not_settled(name: str) -> None:
    (left,) = opened({name: OTHERS[name]}).left_out
    assert not left.settles
    assert left.sentence == f"Not read: other weight files beside those that were, {name}."
    assert left.sentence in opened({name: OTHERS[name]}).caveats


def test_one_edited_matrix_is_no_copy() -> None:
    edited = {**MODEL, "model.layers.1.mlp.up_proj.weight": llama(9)["model.layers.1.mlp.up_proj.weight"]}
    assert not opened({"pytorch_model.bin": pickled(edited)}).left_out[0].settles


def test_a_rounding_in_gguf_is_a_copy_of_it(tmp_path: Path) -> None:
    wide = llama(1, WIDE)
    weights = converted(wide, WIDE.heads, WIDE.kv_heads)
    rounded = write_gguf(tmp_path / "m.gguf", weights, gguf.GGMLQuantizationType.Q8_0, config=llama_config(WIDE))
    files = {"model.safetensors": safetensors(wide), "config.json": json.dumps(llama_config(WIDE))}
    (left,) = read_checkpoint(MemorySource({**files, "m-Q8_0.gguf": rounded.read_bytes()})).left_out
    assert left.settles


def test_more_files_than_are_opened_are_not_settled() -> None:
    copies = {f"copy {number}.safetensors": safetensors(MODEL) for number in range(6)}
    assert [left.settles for left in opened(copies).left_out] == [True] * 4 + [False] * 2


def test_layers_that_the_configuration_speaks_of_and_that_are_not_there_are_said() -> None:
    (left,) = opened({}, num_hidden_layers=4).left_out
    assert not left.settles
    assert left.sentence == (
        "config.json speaks of 4 layers, and 2 have weights here: the others are missing, "
        "and every share is of what is here."
    )


def test_an_adapter_that_was_left_unmerged_is_said() -> None:
    stored: dict[str, np.ndarray] = {}
    for name, values in MODEL.items():
        if "q_proj" in name:
            stem = name.removesuffix(".weight")
            stored[f"{stem}.base_layer.weight"] = values
            stored[f"{stem}.lora_A.default.weight"] = np.zeros((4, 32), np.float32)
            stored[f"{stem}.lora_B.default.weight"] = np.zeros((32, 4), np.float32)
        else:
            stored[name] = values
    files = {"model.safetensors": safetensors(stored), "config.json": json.dumps(llama_config())}
    (left,) = read_checkpoint(MemorySource(files)).left_out
    assert not left.settles
    assert left.sentence.startswith("A low-rank adapter of rank 4 on q_proj is stored in the model and not merged")
