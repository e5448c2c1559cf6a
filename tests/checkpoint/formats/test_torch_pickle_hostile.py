"""Hostile PyTorch files: nothing in them is ever executed, and each ends in one clear line."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from lineage_audit.errors import UnreadableFileError, UnsafeFileError
from tests.checkpoint.formats.torch_files import (
    Canary,
    legacy_with_pickle,
    read,
    save_legacy,
    save_zip,
    zip_with_pickle,
)

Container = Callable[[bytes], bytes]

in_both_formats = pytest.mark.parametrize("container", [zip_with_pickle, legacy_with_pickle])


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """An object that creates a file when it is unpickled; fails the test if it did."""
    bird = Canary(tmp_path / "executed")
    yield bird
    assert not bird.path.exists()


def message(data: bytes) -> str:
    """The one line with which a file is refused as unsafe."""
    with pytest.raises(UnsafeFileError) as refused:
        read(data)
    line = str(refused.value)
    assert line.isprintable()
    assert len(line) < 300
    return line


def named(module: str, name: str, arguments: bytes = b")") -> bytes:
    """Opcodes that call a global."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n" + arguments + b"R"


def tensor_opcodes(storage: bytes = b"X\x05\x00\x00\x00weird") -> bytes:
    """Opcodes of a tensor over something that is no storage."""
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00K\x01\x85K\x01\x85tR"


def test_the_canary_sings_when_executed(tmp_path: Path) -> None:
    bird = Canary(tmp_path / "executed")
    pickle.loads(pickle.dumps(bird))
    assert bird.path.exists()


@in_both_formats
@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("place", ["alone", "value", "key", "list", "deep", "arguments"])
def test_no_call_in_any_protocol(canary: Canary, container: Container, protocol: int, place: str) -> None:
    places: dict[str, object] = {
        "alone": canary,
        "value": {"weight": 1, "x": canary},
        "key": {canary: 1},
        "list": [[], [canary]],
        "deep": {"a": {"b": ({"c": canary},)}},
        "arguments": {"a": torch.device, "b": (canary, torch.float16)},
    }
    data = container(pickle.dumps(places[place], protocol=protocol))
    assert message(data) == (
        "pytorch_model.bin: its pickle asks for posix.system; not executed. Ask for a safetensors version."
    )


@pytest.mark.parametrize("protocol", range(6))
def test_a_bare_pickle_with_a_weight_file_s_name(canary: Canary, protocol: int) -> None:
    assert "posix.system" in message(pickle.dumps(canary, protocol=protocol))


@pytest.mark.parametrize("save", [save_zip, save_legacy])
def test_a_real_file_with_one_bad_value(canary: Canary, save: Callable[[object], bytes]) -> None:
    assert "posix.system" in message(save({"weight": torch.ones(3), "extra": canary}))


@in_both_formats
@pytest.mark.parametrize(
    "name",
    [
        "builtins eval",
        "builtins exec",
        "builtins getattr",
        "builtins __import__",
        "__builtin__ eval",
        "builtins type",
        "builtins object",
        "os system",
        "nt system",
        "subprocess Popen",
        "torch load",
        "torch.storage _load_from_bytes",
        "torch.serialization load",
        "torch._utils _rebuild_device_tensor_from_numpy",
        "torch.hub load_state_dict_from_url",
        "torch.jit._script ScriptModule",
        "torch.nn.modules.linear Linear",
        "numpy load",
        "numpy.core.multiarray fromfile",
        "collections OrderedDict.__init__",
        "collections namedtuple",
        "copyreg _reconstructor",
        "functools partial",
        "operator attrgetter",
        "transformers.training_args TrainingArguments",
        "pickle loads",
        "lineage_audit.errors LineageAuditError",
    ],
)
def test_globals_that_no_weights_need(container: Container, name: str) -> None:
    module, attribute = name.split(" ")
    for opcodes in (
        named(module, attribute),
        b"X"
        + struct.pack("<I", len(module))
        + module.encode()
        + b"X"
        + struct.pack("<I", len(attribute))
        + attribute.encode()
        + b"\x93)R",
        b"(i" + module.encode() + b"\n" + attribute.encode() + b"\n",
        b"c" + module.encode() + b"\n" + attribute.encode() + b"\n)\x81",
    ):
        assert f"asks for {module}.{attribute};" in message(container(b"\x80\x04}U\x01a" + opcodes + b"s."))


@in_both_formats
@pytest.mark.parametrize(
    ("opcodes", "words"),
    [
        (b"\x82\x01", "EXT1"),
        (b"\x84\x01\x00\x00\x00", "EXT4"),
        (b"\x97", "NEXT_BUFFER"),
        (b"Pposix.system\n", "PERSID"),
        (named("torch", "device") + b")R", "calls a computed value"),
        (b"})R", "calls a computed value"),
        (b"(}o", "calls a computed value"),
        (b"cbad\x1b[31m\ncolour\n)R", r"asks for bad\x1b[31m.colour"),
        (b"c" + b"x" * 10_000 + b"\nname\n)R", "asks for xxxx"),
    ],
)
def test_opcodes_that_no_checkpoint_has(container: Container, opcodes: bytes, words: str) -> None:
    assert words in message(container(b"\x80\x04}U\x01a" + opcodes + b"s."))


@in_both_formats
def test_states_are_dropped(container: Container) -> None:
    state = b"}(U\x0c__setstate__U\x01xU\x08__dict__U\x01yu"
    weights = b"\x80\x02}(U\x01a" + named("collections", "OrderedDict") + state + b"bU\x01bK\x01u."
    with pytest.raises(UnreadableFileError, match="holds no tensors"):
        read(container(weights))


@in_both_formats
@pytest.mark.parametrize(
    "opcodes",
    [
        b"",
        b"0",
        b"1",
        b"R",
        b"(",
        b"((tR",
        b"h\x07",
        b"K\x01K\x02s",
        b"](K\x01u",
        b"}(K\x01u",
        b"K\x01(K\x02e",
        b"K\x01Q",
        b"K\x01\x85Q",
        b"K\x01K\x02\x93",
        b"I12x\n",
        b"L" + b"9" * 10_000 + b"\n",
        b"\x8b\xff\xff\xff\xff",
        b"\x8b\x00\x00\x00\x80",
        b"X\xff\xff\xff\xff",
        b"\x8d" + b"\xff" * 8,
        b"\x8e" + struct.pack("<Q", 2**40),
        b"\x96" + struct.pack("<Q", 2**62),
        b"\x95" + struct.pack("<Q", 2**63 - 1) + b"R",
        b"V\\ud8\n",
        b"S'a\n",
        b"F1e\n",
        tensor_opcodes(),
        tensor_opcodes(b"N"),
        named("torch._utils", "_rebuild_parameter"),
        named("torch._tensor", "_rebuild_from_type_v2", b"(NNNNt"),
        named("torch._tensor", "_rebuild_from_type_v2", b"(ctorch._tensor\n_rebuild_from_type_v2\nNNNt"),
        named("torch", "FloatStorage"),
        named("torch", "Size", b"(" + b"K\x01\x85" * 20 + b"t"),
        named("torch", "Size", b"K\x01\x85"),
    ],
)
@pytest.mark.usefixtures("little_memory")
def test_damaged_pickles(container: Container, opcodes: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        read(container(b"\x80\x04}U\x01a" + opcodes + b"s."))
