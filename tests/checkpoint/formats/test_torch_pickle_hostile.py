"""Hostile PyTorch files: nothing in them is ever executed, and each ends in one clear line."""

from __future__ import annotations

import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage_audit.checkpoint.formats import pickle_machine, torch_pickle
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsafeFileError
from tests.checkpoint.formats.torch_files import (
    Canary,
    legacy_with_pickle,
    read,
    save_legacy,
    save_zip,
    zip_of,
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


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fails the test if it takes more than 32 MiB at a time."""
    tracemalloc.start()
    yield
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * 2**20


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


BOMBS = {
    "doubled tuples": b"\x80\x02N0)" + b"".join(b"q\x01h\x01h\x01\x86" for _ in range(500)) + b".",
    "doubled dicts": b"\x80\x02}" + b"".join(b"q\x01}(U\x01ah\x01U\x01bh\x01u" for _ in range(500)) + b".",
    "doubled lists": b"\x80\x02]" + b"".join(b"q\x01](h\x01h\x01e" for _ in range(500)) + b".",
    "a far memo place": b"\x80\x02}r\xff\xff\xff\x7f0j\xff\xff\xff\x7f.",
    "deep tuples": b"\x80\x02)" + b"\x85" * 60_000 + b".",
    "deep lists": b"\x80\x02" + b"]" * 60_000 + b"a" * 59_999 + b".",
    "deep dicts": b"\x80\x02" + b"}U\x01a" * 20_000 + b"}" + b"s" * 20_000 + b".",
    "a deep tuple as key": b"\x80\x02})" + b"\x85" * 60_000 + b"K\x01s.",
    "marks without end": b"\x80\x02}" + b"(" * 100_000 + b".",
    "a list copied many times": (
        b"\x80\x02](" + b"".join(b"U\x04%04dN\x86" % n for n in range(2000))
        + b"eq\x01ccollections\nOrderedDict\nq\x02" + b"h\x02h\x01\x85R0" * 3000 + b"}."
    ),
}  # fmt: skip


@in_both_formats
@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.usefixtures("little_memory")
def test_bombs_take_little_memory(container: Container, bomb: str) -> None:
    with pytest.raises(LineageAuditError):
        read(container(BOMBS[bomb]))


def test_the_number_of_steps_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_machine, "OPCODE_LIMIT", 1000)
    with pytest.raises(UnreadableFileError, match="more than 1,000 steps"):
        read(zip_with_pickle(b"\x80\x02}" + b"K\x010" * 1000 + b"."))


def test_the_number_of_tensors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_pickle, "_TENSOR_LIMIT", 10)
    one = torch.ones(1)
    with pytest.raises(UnsafeFileError, match="more than 10 tensors"):
        read(save_zip({str(number): one for number in range(11)}))


def test_a_pickle_larger_than_any_real_one() -> None:
    data = save_zip({"weight": torch.ones(1), "junk": "x" * (64 * 2**20)})
    with pytest.raises(UnreadableFileError, match="more than the 67,108,864"):
        read(data)


@pytest.mark.parametrize("save", [save_zip, save_legacy])
@pytest.mark.parametrize("name", ["x" * 1000, "line\nbreak", "\x1b[31mred", "\ud800"])
def test_names_that_cannot_be_shown(save: Callable[[object], bytes], name: str) -> None:
    with pytest.raises(UnsafeFileError) as refused:
        read(save({name: torch.ones(1)}))
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("save", [save_zip, save_legacy])
def test_a_view_that_repeats_its_bytes_without_end(save: Callable[[object], bytes]) -> None:
    with pytest.raises(UnsafeFileError, match="repeats a few bytes"):
        read(save({"huge": torch.ones(1).expand(2**20, 2**20)}))


@pytest.mark.parametrize("save", [save_zip, save_legacy])
def test_a_view_beyond_its_storage(save: Callable[[object], bytes]) -> None:
    data = save({"weight": torch.ones(7, 11)})
    shape = b"K\x07K\x0b\x86"
    assert data.count(shape) == 1
    with pytest.raises(UnreadableFileError, match="beyond its storage"):
        read(data.replace(shape, b"K\x08K\x0b\x86"))


def test_compressed_entries_are_refused() -> None:
    pickled = b"\x80\x02}."
    with pytest.raises(UnsafeFileError, match="compressed"):
        read(zip_of({"archive/data.pkl": pickled}, zipfile.ZIP_DEFLATED))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
    with pytest.raises(LineageAuditError):
        read(path.read_bytes())


def test_headers_that_disagree_are_refused() -> None:
    data = bytearray(save_zip({"weight": torch.ones(4)}))
    local = data.index(b"data/0")
    data[local : local + 6] = b"data/9"
    with pytest.raises(UnreadableFileError, match="is damaged"):
        read(bytes(data))


def test_a_zip_of_something_else() -> None:
    with pytest.raises(UnreadableFileError, match="not one that PyTorch wrote"):
        read(zip_of({"word/document.xml": b"<xml/>"}))


@pytest.mark.parametrize("data", [b"", b"\x80", b"GGUF" + bytes(100), b"\x93NUMPY", bytes(1000), b"{}"])
def test_files_of_other_kinds(data: bytes) -> None:
    with pytest.raises(UnreadableFileError, match="is not a PyTorch checkpoint"):
        read(data)


CONTENT = {
    "embed": torch.arange(12, dtype=torch.float32).reshape(4, 3),
    "norm": torch.nn.Parameter(torch.ones(5, dtype=torch.bfloat16)),
    "nested": {"bias": torch.zeros(2, dtype=torch.int64), "step": 3},
}
VALID = {"zip": save_zip(CONTENT), "legacy": save_legacy(CONTENT)}


@pytest.mark.parametrize("form", VALID)
def test_every_truncation_is_noticed(form: str) -> None:
    data = VALID[form]
    for length in range(len(data)):
        with pytest.raises(LineageAuditError):
            read(data[:length])


@pytest.mark.parametrize("form", VALID)
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_mutated_files_raise_nothing_else(form: str, data: st.DataObject) -> None:
    mutated = bytearray(VALID[form])
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position] = data.draw(st.integers(0, 255))
    reads_or_refuses(bytes(mutated))


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_pickles_raise_nothing_else(opcodes: bytes) -> None:
    reads_or_refuses(zip_with_pickle(opcodes))


def reads_or_refuses(data: bytes) -> None:
    """Read, and accept an error of the project only."""
    try:
        stored = read(data)
    except LineageAuditError as error:
        assert str(error).isprintable()
    else:
        assert all(0 <= tensor.start <= tensor.stop <= len(data) for tensor in stored.values())
