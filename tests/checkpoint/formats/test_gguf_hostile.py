"""Damaged and hostile GGUF files: one clear line, no memory taken on a file's word."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("gguf")

from gguf import GGMLQuantizationType

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.formats.gguf_files import converted, write_gguf
from tests.checkpoint.memory_source import MemorySource
from tests.models import SMALL, llama, llama_config

VOCABULARY = {
    "model": {"vocab": {chr(97 + i): i for i in range(26)}, "merges": ["a b", "c d"]},
    "added_tokens": [{"content": "<s>", "id": 26}],
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = tmp_path_factory.mktemp("gguf") / "m.gguf"
    weights = converted(llama(1), SMALL.heads, SMALL.kv_heads)
    write_gguf(path, weights, GGMLQuantizationType.Q8_0, config=llama_config(), tokenizer=VOCABULARY)
    return path.read_bytes()


def _read_everything(data: bytes) -> None:
    model = read_checkpoint(MemorySource({"m.gguf": data}))
    for tensor in model.tensors[:3]:
        model.rows(tensor, 0, min(2, tensor.shape[0]) if tensor.shape else 1)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_changed_bytes_never_raise_anything_else(sound: bytes, data: st.DataObject) -> None:
    changed = bytearray(sound)
    header = 3500
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, header))
        changed[place : place + 1] = data.draw(st.sampled_from([b"\xff", b"\x00", b"\x7f", b"\x01", b"\x09", b""]))
    try:
        _read_everything(bytes(changed))
    except LineageAuditError as error:
        assert "\n" not in str(error)


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.floats(0, 0.999))
def test_a_file_cut_short_is_said_to_be(sound: bytes, share: float) -> None:
    with pytest.raises(UnreadableFileError):
        _read_everything(sound[: int(len(sound) * share)])


def _header(tensors: int, keys: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest + bytes(64)


def _key(name: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value


def _tensor(name: bytes, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return struct.pack(f"<Q{len(name)}sI{len(shape)}QIQ", len(name), name, len(shape), *shape, kind, offset)


HOSTILE = {
    "more tensors than bytes": _header(2**63, 0),
    "more keys than bytes": _header(0, 2**40),
    "a key longer than the file": _header(0, 1, struct.pack("<Q", 2**62)),
    "a string longer than the file": _header(0, 1, _key(b"a", 8, struct.pack("<Q", 2**50))),
    "a list longer than the file": _header(0, 1, _key(b"a", 9, struct.pack("<IQ", 4, 2**60))),
    "a list of lists": _header(0, 1, _key(b"a", 9, struct.pack("<IQ", 9, 1))),
    "strings beyond the file": _header(0, 1, _key(b"a", 9, struct.pack("<IQ", 8, 15_000_000))),
    "an unknown type of value": _header(0, 1, _key(b"a", 77, b"")),
    "an alignment of nought": _header(1, 1, _key(b"general.alignment", 4, bytes(4)) + _tensor(b"x", (1,), 0, 0)),
    "a name that is not text": _header(0, 1, _key(b"\xff\xfe", 4, bytes(4))),
    "too many dimensions": _header(1, 0, _tensor(b"x", (1,) * 9, 0, 0)),
    "a shape that overflows": _header(1, 0, _tensor(b"x", (2**62, 2**62), 0, 0)),
    "a row of half a block": _header(1, 0, _tensor(b"x", (31, 2), 8, 0)),
    "an unknown element type": _header(1, 0, _tensor(b"x", (32,), 200, 0)),
    "data beyond the file": _header(1, 0, _tensor(b"x", (32,), 0, 2**40)),
    "data off its alignment": _header(1, 0, _tensor(b"x", (1,), 0, 3)),
    "a name that stands twice": _header(2, 0, _tensor(b"x", (1,), 0, 0) + _tensor(b"x", (1,), 0, 32)),
    "data that overlaps": _header(2, 0, _tensor(b"x", (8,), 0, 0) + _tensor(b"y", (1,), 0, 0)),
    "nothing": b"",
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n",
    "something else": bytes(100),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_a_header_promises_is_checked_first(case: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LineageAuditError) as caught:
            _read_everything(HOSTILE[case])
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert "m.gguf" in str(caught.value)


def test_a_scale_that_is_not_a_number_is_left_out_not_raised(tmp_path: Path) -> None:
    weights = converted(llama(1), SMALL.heads, SMALL.kv_heads)
    path = write_gguf(tmp_path / "m.gguf", weights, GGMLQuantizationType.Q8_0, config=llama_config())
    model = read_checkpoint(MemorySource({"m.gguf": path.read_bytes()}))
    tensor = next(tensor for tensor in model.tensors if tensor.role == "up")
    changed = bytearray(path.read_bytes())
    changed[tensor.parts[0].stored.start : tensor.parts[0].stored.start + 2] = b"\xff\x7f"
    damaged = read_checkpoint(MemorySource({"m.gguf": bytes(changed)}))
    assert np.isnan(damaged.rows(tensor, 0, 1)).any()
