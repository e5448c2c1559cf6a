"""PyTorch files that are bombs, cut short, or damaged at random: little memory, one clear line."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint.formats import pickle_machine, torch_pickle
from lineage_audit.errors import LineageAuditError, UnreadableFileError, UnsafeFileError
from tests.checkpoint.formats.torch_files import (
    legacy_with_pickle,
    read,
    save_legacy,
    save_zip,
    zip_of,
    zip_with_pickle,
)

Container = Callable[[bytes], bytes]

in_both_formats = pytest.mark.parametrize("container", [zip_with_pickle, legacy_with_pickle])

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
        + b"eq\x01ccollections\nOrderedDict\nq\x02" + b"h\x02h\x01\x85R0" * 400 + b"}."
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
@given(st.data())
def test_mutated_files_raise_nothing_else(form: str, data: st.DataObject) -> None:
    mutated = bytearray(VALID[form])
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(mutated) - 1))
        mutated[position] = data.draw(st.integers(0, 255))
    reads_or_refuses(bytes(mutated))


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
