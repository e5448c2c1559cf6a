"""Safetensors headers: what the library writes is read alike, and what lies about itself is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from lineage_audit.checkpoint.formats.safetensors import HEADER_LIMIT, read_safetensors
from lineage_audit.checkpoint.source.base import SourceFile
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.formats.torch_files import TORCH_DTYPES, same_bits
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, safetensors

FILE = "model.safetensors"
WHOLE = safetensors({"a": np.zeros((2, 3), np.float32), "b": np.ones(4, np.float32)})
ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def _read(data: bytes):
    return read_safetensors(MemorySource({FILE: data}), [FILE])


def _file(header: Any, data: bytes = bytes(64)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_what_the_library_writes_is_read_bit_for_bit() -> None:
    raw = torch.from_numpy(np.random.default_rng(1).integers(0, 2, 64, dtype=np.uint8))
    supported = {name: dtype for name, dtype in TORCH_DTYPES.items() if name != "C64"}
    content = {name: raw.clone().view(dtype).reshape(2, -1) for name, dtype in supported.items()}
    content |= {"scalar": torch.tensor(2.5), "empty": torch.zeros(3, 0)}
    data = save(content, metadata={"format": "pt"})
    tensors, metadata = _read(data)
    assert metadata == {"format": "pt"}
    assert {tensor.name for tensor in tensors} == set(content)
    for stored in tensors:
        held = data[stored.start : stored.stop]
        dtype = content[stored.name].dtype
        back = torch.frombuffer(bytearray(held), dtype=dtype) if held else torch.empty(0, dtype=dtype)
        assert same_bits(back.reshape(stored.shape), content[stored.name])


def test_a_header_longer_than_the_first_read() -> None:
    many = {f"layer.{i}.{'x' * 100}": np.full(1, i, np.float32) for i in range(2000)}
    data = safetensors(many)
    assert int.from_bytes(data[:8], "little") > 3 * 64 * 1024
    tensors, _ = _read(data)
    assert len(tensors) == 2000
    assert data[tensors[77].start : tensors[77].stop] == np.float32(77).tobytes()


def test_only_headers_are_read() -> None:
    source = MemorySource({FILE: safetensors({"a": np.zeros((1000, 1000), np.float32)})})
    read_safetensors(source, [FILE])
    assert source.bytes_read <= 64 * 1024


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 50, len(WHOLE) - 40, len(WHOLE) - 1])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(UnreadableFileError, match=FILE) as error:
        _read(WHOLE[:cut])
    assert "\n" not in str(error.value)


REFUSED: dict[str, bytes] = {
    "header beyond the limit": (HEADER_LIMIT + 1).to_bytes(8, "little") + bytes(64),
    "header beyond the file": (10**6).to_bytes(8, "little") + bytes(64),
    "header of 2^64 - 1 bytes": b"\xff" * 8 + bytes(64),
    "not JSON": _file(b"{not json"),
    "not UTF-8": _file(b'{"\xff\xfe": 1}'),
    "deep nesting": _file(b"[" * 100_000),
    "a list": _file([]),
    "a name twice": _file(b'{"a": %b, "a": %b}' % ((json.dumps(ENTRY).encode(),) * 2)),
    "no dtype": _file({"a": {"shape": [2], "data_offsets": [0, 8]}}),
    "an entry that is a string": _file({"a": "x"}),
    "three offsets": _file({"a": {**ENTRY, "data_offsets": [0, 4, 8]}}),
    "unknown dtype": _file({"a": {**ENTRY, "dtype": "F31"}}),
    "dtype of another kind": _file({"a": {**ENTRY, "dtype": ["F32"]}}),
    "negative offset": _file({"a": {**ENTRY, "data_offsets": [-8, 0]}}),
    "offsets that are no integers": _file({"a": {**ENTRY, "data_offsets": [0.0, 8.0]}}),
    "offsets that are booleans": _file({"a": {"dtype": "U8", "shape": [1], "data_offsets": [False, True]}}),
    "offsets the wrong way round": _file({"a": {**ENTRY, "data_offsets": [8, 0]}}),
    "negative dimensions": _file({"a": {**ENTRY, "shape": [-1, -2]}}),
    "shape of a string": _file({"a": {**ENTRY, "shape": "2"}}),
    "shape larger than its bytes": _file({"a": {**ENTRY, "shape": [3]}}),
    "astronomic shape": _file({"a": {**ENTRY, "shape": [2**62, 2**62]}}),
    "data beyond the file": _file({"a": {**ENTRY, "shape": [200], "data_offsets": [0, 800]}}),
    "overlapping data": _file({"a": ENTRY, "b": {**ENTRY, "data_offsets": [4, 12]}}),
    "the same data twice": _file({"a": ENTRY, "b": ENTRY}),
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n",
    "a web page": b"<!DOCTYPE html><html>Sign in</html>",
    "empty": b"",
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_lies_is_refused_in_one_line(case: str) -> None:
    with pytest.raises(UnreadableFileError, match=FILE) as error:
        _read(REFUSED[case])
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_name_in_two_shards_is_refused() -> None:
    files = {"1.safetensors": WHOLE, "2.safetensors": WHOLE}
    with pytest.raises(UnreadableFileError, match="so does"):
        read_safetensors(MemorySource(files), list(files))


def test_a_huge_header_is_refused_before_memory_is_taken() -> None:
    source = MemorySource({FILE: REFUSED["header beyond the limit"]})
    source.files[FILE] = SourceFile(10**12)
    source.contents[FILE] += bytes(70_000)
    with pytest.raises(UnreadableFileError):
        read_safetensors(source, [FILE])
    assert source.bytes_read <= 64 * 1024


GOOD = safetensors(llama(1))


@given(st.integers(0, 3000), st.integers(1, 255))
def test_no_flipped_byte_crashes(position: int, flip: int) -> None:
    data = bytearray(GOOD)
    data[position] ^= flip
    try:
        tensors, _ = _read(bytes(data))
    except LineageAuditError:
        return
    assert all(0 < stored.start <= stored.stop <= len(data) for stored in tensors)
