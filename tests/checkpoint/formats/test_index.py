"""Which files hold the weights: single files, shards, and indexes that promise what is not there."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.formats.index import find_weights
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnresolvedReferenceError
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, safetensors, sharded

SHARD = safetensors({"a": np.zeros(2, np.float32)})
INDEX = "model.safetensors.index.json"


def _found(*names: str) -> tuple[str, tuple[str, ...]]:
    weights = find_weights(MemorySource(dict.fromkeys(names, b"")))
    return weights.format, weights.files


def _index(weight_map: object) -> MemorySource:
    document = json.dumps({"metadata": {"total_size": 8}, "weight_map": weight_map})
    return MemorySource({INDEX: document, "model-1.safetensors": SHARD, "model-2.safetensors": SHARD})


def test_safetensors_are_preferred_to_pickles() -> None:
    assert _found("pytorch_model.bin", "model.safetensors", "consolidated.00.pth") == (
        "safetensors", ("model.safetensors",)
    )  # fmt: skip


def test_shards_without_an_index_are_taken_in_order() -> None:
    names = [f"model-{i:05}-of-00003.safetensors" for i in (3, 1, 2)]
    assert _found(*names) == ("safetensors", tuple(sorted(names)))


def test_safetensors_are_preferred_to_gguf() -> None:
    assert _found("model-Q8_0.gguf", "model.safetensors")[0] == "safetensors"


def test_of_several_gguf_models_the_largest_is_read_and_said() -> None:
    shards = [f"big-{i:05}-of-00002.gguf" for i in (1, 2)]
    source = MemorySource({"small.gguf": b"x" * 15, **dict.fromkeys(shards, b"x" * 10), "mmproj-f16.gguf": b"x" * 99})
    weights = find_weights(source)
    assert (weights.format, weights.files) == ("gguf", tuple(shards))
    assert shards[0] in weights.caveats[0]


@pytest.mark.parametrize("prefix", ["", "original/"])
def test_metas_own_files(prefix: str) -> None:
    names = (f"{prefix}consolidated.00.pth", f"{prefix}consolidated.01.pth")
    assert _found(*names, "params.json") == ("meta", names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("weights.safetensors", "adapter_model.safetensors"), ("safetensors", ("weights.safetensors",))),
        (("checkpoint.pt", "training_args.bin", "optimizer.pt"), ("pytorch", ("checkpoint.pt",))),
        (("adapter_model.bin", "non_lora_trainables.bin"), ("adapter", ("adapter_model.bin",))),
    ],
)
def test_unusual_names_are_found_and_training_state_is_not(names: tuple, expected: tuple) -> None:
    assert _found(*names) == expected


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("mmproj-m.gguf", "give a folder"),
        ("tf_model.h5", "TensorFlow"),
        ("README.md", "give a folder"),
    ],
)
def test_no_weights_says_what_was_found_instead(name: str, what: str) -> None:
    with pytest.raises(UnresolvedReferenceError, match=what):
        _found(name)


def test_an_index_names_its_shards() -> None:
    container = read_container(MemorySource(sharded(llama(1), 3)))
    assert len(container.files) == 3
    assert len(container.tensors) == len(llama(1))


@pytest.mark.parametrize(
    "shard",
    ["../secret.safetensors", "/etc/passwd", "a/../../b.safetensors", "..\\b.safetensors", "model-9.safetensors", ""],
)
def test_an_index_may_not_lead_out_of_the_repository(shard: str) -> None:
    with pytest.raises(UnreadableFileError, match=r"index\.json"):
        read_container(_index({"a": shard}))


@pytest.mark.parametrize("weight_map", [None, {}, [], "x", {"a": 1}, {"a": None}, {"a": ["model-1.safetensors"]}])
def test_an_index_without_a_map_is_refused(weight_map: object) -> None:
    with pytest.raises(UnreadableFileError, match="weight_map"):
        read_container(_index(weight_map))


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 10_000, b"null", b"\xff", b"[]"])
def test_a_damaged_index_is_refused(content: bytes) -> None:
    with pytest.raises(LineageAuditError, match=r"index\.json"):
        read_container(MemorySource({INDEX: content, "model-1.safetensors": SHARD}))


def test_a_shard_that_lacks_a_promised_tensor_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="lacks 'b', which the index"):
        read_container(_index({"a": "model-1.safetensors", "b": "model-1.safetensors"}))
    with pytest.raises(UnreadableFileError, match="lacks 'b' and 1 more"):
        read_container(_index({"a": "model-1.safetensors", "b": "model-1.safetensors", "c": "model-1.safetensors"}))


def test_a_file_without_tensors_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="holds no tensors"):
        read_container(MemorySource({"model.safetensors": safetensors({})}))


def test_a_pointer_among_the_shards_is_named() -> None:
    files = sharded(llama(1), 2)
    files["model-00002-of-00002.safetensors"] = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    with pytest.raises(UnreadableFileError, match=r"model-00002-of-00002.*git lfs pull"):
        read_container(MemorySource(files))
