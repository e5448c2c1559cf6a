"""Files that PyTorch wrote, read without PyTorch: same tensors, same bits."""

from __future__ import annotations

import collections
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import torch

from lineage_audit.checkpoint.formats.meta import read_meta
from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch
from lineage_audit.errors import UnreadableFileError, UnsupportedFormatError
from tests.checkpoint.formats.torch_files import (
    FILE,
    TORCH_DTYPES,
    Save,
    read,
    same_bits,
    save_legacy,
    save_zip,
    values,
    zip_of,
)
from tests.checkpoint.memory_source import MemorySource

both_formats = pytest.mark.parametrize("save", [save_zip, save_legacy])


def check(save: Save, content: object, expected: dict[str, torch.Tensor]) -> None:
    """Save ``content`` and compare what is read with ``expected``: names in order, and every bit."""
    data = save(content)
    stored = read(data)
    assert list(stored) == list(expected)
    for name, tensor in expected.items():
        assert stored[name].shape == tuple(tensor.shape)
        assert same_bits(values(data, stored[name]), tensor), name


@both_formats
@pytest.mark.parametrize("dtype", sorted(TORCH_DTYPES))
def test_every_dtype(save: Save, dtype: str) -> None:
    raw = torch.randint(0, 2 if dtype == "BOOL" else 120, (6 * 8,), dtype=torch.uint8)
    tensor = raw.view(TORCH_DTYPES[dtype]).reshape(2, -1)
    data = save({"weight": tensor})
    stored = read(data)["weight"]
    assert stored.dtype == dtype
    assert stored.strides is None
    assert same_bits(values(data, stored), tensor)


@both_formats
def test_a_model(save: Save) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Embedding(50, 16), torch.nn.Linear(16, 32), torch.nn.LayerNorm(32))
    check(save, model.state_dict(), dict(model.state_dict()))


@both_formats
def test_parameters_and_their_attributes(save: Save) -> None:
    plain = torch.nn.Parameter(torch.randn(3, 4))
    marked = torch.nn.Parameter(torch.randn(5))
    marked.tensor_model_parallel = True
    buffer = torch.nn.Buffer(torch.randn(2))
    content = {"plain": plain, "marked": marked, "buffer": buffer}
    check(save, content, {name: tensor.data for name, tensor in content.items()})


@both_formats
def test_views_share_their_storage(save: Save) -> None:
    base = torch.arange(60, dtype=torch.float32).reshape(6, 10)
    content = {
        "base": base,
        "rows": base[2:4],
        "columns": base[:, 3:5],
        "transposed": base.t(),
        "scalar": base[5, 9],
        "steps": base[::2, ::3],
        "alias": base,
    }
    check(save, content, content)
    stored = read(save(content))
    assert stored["alias"].start == stored["base"].start
    assert stored["rows"].strides is None
    assert stored["columns"].strides == (10, 1)
    assert stored["transposed"].strides == (1, 10)
    assert stored["scalar"].shape == ()
    assert stored["scalar"].stop - stored["scalar"].start == 4


@both_formats
def test_empty_scalar_and_broadcast_tensors(save: Save) -> None:
    content = {
        "empty": torch.empty(0, 7),
        "scalar": torch.tensor(2.5),
        "wide": torch.ones(1, 3).expand(4, 3),
        "one_row": torch.randn(8, 6).t()[:1],
    }
    check(save, content, content)


def test_view_of_another_dtype() -> None:
    base = torch.arange(8, dtype=torch.int32)
    content = {"halves": base.view(torch.bfloat16)[2:6]}
    check(save_zip, content, content)


@both_formats
@pytest.mark.parametrize("wrapper", ["model_state_dict", "state_dict", "model", "module", "net", "params", "ema"])
def test_weights_of_a_training_checkpoint(save: Save, wrapper: str) -> None:
    weights = {"layer.weight": torch.randn(4, 4), "layer.bias": torch.randn(4)}
    optimiser = {"state": {0: {"exp_avg": torch.randn(4, 4), "step": 3}}, "param_groups": [{"lr": 1e-3}]}
    content = {
        "epoch": 7,
        "loss": np.float64(0.5),
        "rng_state": torch.get_rng_state(),
        "numpy_rng": np.arange(5),
        wrapper: weights,
        "optimizer": optimiser,
        "kinds": {torch.float16, torch.bfloat16},
        "device": torch.device("cpu"),
        "shape": torch.Size([1, 2]),
        "counts": collections.Counter("hello"),
    }
    check(save, content, weights)


@both_formats
def test_wrappers_stand_in_order(save: Save) -> None:
    content = {"ema": {"w": torch.zeros(2)}, "state_dict": {"w": torch.ones(2)}, "model": "a name"}
    check(save, content, {"w": torch.ones(2)})


@both_formats
def test_nested_dicts_are_flattened(save: Save) -> None:
    weight = torch.randn(2, 2)
    content = {"encoder": {"layers": {0: {"weight": weight}, "version": 2}}, "head": torch.ones(1)}
    check(save, content, {"encoder.layers.0.weight": weight, "head": torch.ones(1)})


@both_formats
def test_a_dict_that_holds_itself(save: Save) -> None:
    content: dict[str, object] = {"weight": torch.ones(3)}
    content["self"] = content
    content["again"] = {"head": torch.ones(2), "back": content}
    check(save, content, {"weight": torch.ones(3), "again.head": torch.ones(2)})


def test_the_pickle_is_all_that_is_read() -> None:
    data = save_zip({f"layers.{number}.weight": torch.randn(64, 1024) for number in range(32)})
    source = MemorySource({FILE: data})
    assert len(read_pytorch(source, [FILE]).tensors) == 32
    assert source.bytes_read < 200_000 < len(data) // 40


def test_torch_is_not_imported() -> None:
    program = "import sys; import lineage_audit.checkpoint.formats.torch_pickle; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_shards_are_joined_and_may_not_repeat_a_name() -> None:
    shards = {"a.bin": save_zip({"x": torch.ones(1)}), "b.bin": save_legacy({"y": torch.ones(1)})}
    assert [tensor.file for tensor in read_pytorch(MemorySource(shards), ["a.bin", "b.bin"]).tensors] == [
        "a.bin",
        "b.bin",
    ]
    with pytest.raises(UnreadableFileError, match=r"b\.bin: holds 'x', and so does a\.bin"):
        read_pytorch(MemorySource({**shards, "b.bin": shards["a.bin"]}), ["a.bin", "b.bin"])


def test_slices_of_meta_repeat_names_in_shard_order() -> None:
    files = ["consolidated.00.pth", "consolidated.01.pth"]
    source = MemorySource({name: save_zip({"wq": torch.ones(2), "wk": torch.ones(2)}) for name in files})
    tensors = read_meta(source, files).tensors
    assert [(tensor.name, tensor.file) for tensor in tensors] == [
        ("wq", files[0]),
        ("wk", files[0]),
        ("wq", files[1]),
        ("wk", files[1]),
    ]


def test_git_lfs_pointer() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"
    with pytest.raises(UnreadableFileError, match=r'is a Git LFS pointer.*"git lfs pull"'):
        read(pointer)


def test_torchscript_is_not_a_checkpoint() -> None:
    program = zip_of({"m/data.pkl": b"\x80\x02}.", "m/constants.pkl": b"\x80\x02).", "m/code/x.py": b"pass"})
    with pytest.raises(UnsupportedFormatError, match="TorchScript"):
        read(program)


def test_the_tar_format_is_named() -> None:
    with pytest.raises(UnsupportedFormatError, match="tar format"):
        read(bytes(257) + b"ustar\x0000" + bytes(300))


@both_formats
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: torch.eye(3).to_sparse(), "a sparse tensor"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "a quantised tensor"),
        (lambda: torch.empty(2, device="meta"), r"an empty \(meta\) tensor"),
        (lambda: torch.ones(2, dtype=torch.complex128), "elements of type complex128"),
    ],
)
def test_tensors_without_plain_bytes(save: Save, make: Callable[[], torch.Tensor], kind: str) -> None:
    data = save({"model": {"odd": make()}, "optimizer": {"odd": make()}})
    with pytest.raises(UnsupportedFormatError, match=kind):
        read(data)
    check(save, {"model": {"w": torch.ones(3)}, "optimizer": {"odd": make()}}, {"w": torch.ones(3)})


@both_formats
@pytest.mark.parametrize("content", [torch.ones(3), [torch.ones(3)], 5])
def test_tensors_must_have_names(save: Save, content: object) -> None:
    with pytest.raises(UnsupportedFormatError, match="state_dict"):
        read(save(content))


@both_formats
def test_a_file_without_tensors(save: Save) -> None:
    with pytest.raises(UnreadableFileError, match="no tensors by name"):
        read(save({"epoch": 3}))


def test_big_endian_files_are_refused() -> None:
    data = save_zip({"weight": torch.ones(2)}).replace(b"little", b"bigbig")
    with pytest.raises(UnsupportedFormatError, match="big-endian"):
        read(data)
