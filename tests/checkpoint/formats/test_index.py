"""Which files hold the weights: single files, shards, and indexes that promise what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.formats.index import find_weights
from lineage_audit.errors import (
    LineageAuditError,
    UnreadableFileError,
    UnresolvedReferenceError,
    UnsupportedFormatError,
)
from tests.checkpoint.formats.gguf_files import write_gguf
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
    assert weights.others == (("small.gguf",),)
    assert ["mmproj-f16.gguf" in left.sentence and left.settles for left in weights.left_out] == [True]


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
        ("tf_model.h5", "TensorFlow"),
        ("flax_model.msgpack", "Flax, which is not read; give the safetensors"),
        ("flax.nemo", "NeMo archive.*unpack"),
        ("__0_0.distcp", "distributed checkpoint.*dcp_to_torch_save"),
        ("zero_pp_rank_0_mp_rank_00_optim_states.pt", r"DeepSpeed.*zero_to_fp32\.py"),
        ("openvino_model.bin", "OpenVINO.*converted from"),
        ("Model.mlpackage/Data/weights.bin", "Core ML"),
        ("model.tflite", "TensorFlow Lite"),
        ("gemma.litertlm", "LiteRT"),
        ("params_shard_0.bin", "MLC"),
        ("checkpoint-500/model.safetensors", "give the folder checkpoint-500"),
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


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"weight_map": {"a": "model-2.safetensors"}}, "names 'model-2.safetensors', which is not there"),
        ({"weight_map": {"a": "../../etc/passwd"}}, "; model.safetensors was read."),
        ({"weight_map": {"a": "model.safetensors"}}, None),
    ],
)
def test_what_an_index_beside_a_whole_file_promises_is_said(index: dict, said: str | None) -> None:
    source = MemorySource({INDEX: json.dumps(index), "model.safetensors": SHARD})
    found = read_container(source).left_out
    assert [one.settles for one in found] == [True] * (said is not None)
    assert said is None or said in found[0].sentence


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


def test_a_shard_without_the_others_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="one of 3 shards, of which 2 are here; fetch number 2 too"):
        find_weights(MemorySource(dict.fromkeys([f"model-{i:05}-of-00003.safetensors" for i in (1, 3)], b"")))


def test_of_a_name_in_two_shards_the_index_decides() -> None:
    both = {"b": "model-1.safetensors", "a": "model-2.safetensors"}
    stale = safetensors({"a": np.ones(2, np.float32), "b": np.zeros(2, np.float32)})
    files = {INDEX: json.dumps({"weight_map": both}), "model-1.safetensors": stale, "model-2.safetensors": stale}
    found = {tensor.name: tensor.file for tensor in read_container(MemorySource(files)).tensors}
    assert found == both


def test_variants_side_by_side_are_models_of_their_own_and_the_largest_is_read() -> None:
    full = safetensors({"a": np.zeros(64, np.float32)})
    half = safetensors({"a": np.zeros(64, np.float16)})
    container = read_container(MemorySource({"model.fp16.safetensors": half, "model.fp32.safetensors": full}))
    assert container.files == ("model.fp32.safetensors",)
    assert container.others == (("model.fp16.safetensors",),)


def test_what_pytorch_did_not_write_is_no_checkpoint() -> None:
    source = MemorySource({"vocab.bin": b"\0" * 100, "words.bin": b"\0" * 100, "model.pt": b"PK\x03\x04"})
    assert find_weights(source).files == ("model.pt",)


def test_a_model_of_ctranslate2_is_named() -> None:
    with pytest.raises(UnsupportedFormatError, match="CTranslate2's; give the model that it was made from"):
        find_weights(MemorySource({"model.bin": b"\6\0\0\0x", "shared_vocabulary.json": "[]"}))


def test_weights_in_other_folders_are_models_beside() -> None:
    names = ["model.safetensors", "checkpoint-500/model.safetensors", "ema/a-00001-of-00002.bin", "optimizer.pt"]
    assert find_weights(MemorySource(dict.fromkeys(names, b""))).others == (
        ("checkpoint-500/model.safetensors",),
        ("ema/a-00001-of-00002.bin",),
    )


def test_files_of_other_formats_are_named_with_what_to_give_instead() -> None:
    left = find_weights(MemorySource(dict.fromkeys(["model.safetensors", "tf_model.h5"], b""))).left_out
    assert [(one.settles, "give the safetensors" in one.sentence) for one in left] == [(True, True)]


def test_the_components_of_a_pipeline_are_parts() -> None:
    files = {
        "model_index.json": "{}",
        "unet/diffusion_pytorch_model.safetensors": safetensors({"conv.weight": np.zeros((2, 2), np.float32)}),
        "vae/diffusion_pytorch_model.fp16.safetensors": safetensors({"x": np.zeros(2, np.float16)}),
        "text_encoder/model.safetensors": safetensors({"conv.weight": np.zeros((3, 3), np.float32)}),
    }
    container = read_container(MemorySource(files))
    names = {tensor.name: tensor.shape for tensor in container.tensors}
    assert names == {"unet.conv.weight": (2, 2), "text_encoder.conv.weight": (3, 3)}
    assert container.others == (("vae/diffusion_pytorch_model.fp16.safetensors",),)


def test_a_projector_among_ggufs_is_a_part_whatever_its_name(tmp_path: Path) -> None:
    model = write_gguf(tmp_path / "m", {"a": np.zeros((2, 32), np.float32)}).read_bytes()
    projector = write_gguf(tmp_path / "p", {"v.a": np.zeros((64, 32), np.float32)}, architecture="clip").read_bytes()
    container = read_container(MemorySource({"m.gguf": model, "vision.gguf": projector}))
    assert container.files == ("m.gguf",)
    assert ["vision.gguf" in left.sentence for left in container.left_out] == [True]
    alone = read_container(MemorySource({"vision.gguf": projector}))
    assert [left.settles for left in alone.left_out] == [False]


def test_tensors_without_elements_are_said() -> None:
    files = {"model.safetensors": safetensors({"a": np.zeros(2, np.float32), "b": np.zeros(0, np.float32)})}
    left = read_container(MemorySource(files)).left_out
    assert [(one.settles, "1 tensor without elements, the first b:" in one.sentence) for one in left] == [(False, True)]


def test_what_stands_beside_the_weights_is_named_once_with_its_size() -> None:
    files = {
        "model.safetensors": b"x" * 10,
        "onnx/model.onnx": b"x" * 100,
        "onnx/model_q4.onnx": b"x" * 50,
        "model.bin": b"x" * 30,
        "shared_vocabulary.json": b"[]",
        "openvino_model.bin": b"x" * 20,
    }
    found = find_weights(MemorySource(files))
    assert found.others == ()
    assert {one.sentence.split(":")[1].strip(): (one.bytes, one.settles) for one in found.left_out} == {
        "model.bin": (30, False),
        "onnx/model.onnx and 1 more": (150, True),
        "openvino_model.bin": (20, False),
    }
