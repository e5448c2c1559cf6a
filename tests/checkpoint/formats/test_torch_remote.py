"""PyTorch files that are not here: presumed places are the true ones, and nothing is used before it was checked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lineage_audit.checkpoint import Checkpoint, read_checkpoint
from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.formats.torch_archive import locate_storages, open_archive, presume_storages
from lineage_audit.checkpoint.source.base import ByteRange, SourceFile, read_range
from lineage_audit.checkpoint.source.place_checks import with_place_checks
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.formats.test_torch_pickle_bounds import VALID
from tests.checkpoint.formats.torch_files import FILE, save_legacy, save_zip
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, llama_config, repository

WEIGHTS = llama(1)
STATE = {name: torch.from_numpy(values) for name, values in WEIGHTS.items()}
CONFIG = repository({}, llama_config())["config.json"]


class Remote(MemorySource):
    """Files that are not here; what is asked for is counted."""

    def __init__(self, data: bytes) -> None:
        super().__init__({FILE: data, "config.json": CONFIG})
        self.is_local = False
        self.files[FILE] = SourceFile(len(data), sha256="0" * 64)  # vouched for, so that no digest is taken
        self.asked: list[ByteRange] = []

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Remember what is asked for."""
        self.asked += [wanted for wanted in ranges if wanted.file == FILE]
        return super().read_ranges(ranges)


def rezipped(data: bytes) -> bytes:
    """The same entries as Python's own zip writer lays them out: not aligned, sizes before the data."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w") as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    return written.getvalue()


FILES = {"zip": save_zip(STATE), "legacy": save_legacy(STATE), "rezipped": rezipped(save_zip(STATE))}


def opened(data: bytes) -> tuple[Checkpoint, Remote]:
    source = Remote(data)
    return read_checkpoint(source), source


@pytest.mark.parametrize("form", FILES)
def test_rows_are_those_of_the_same_file_here(form: str) -> None:
    there, source = opened(FILES[form])
    for tensor in there.tensors:
        np.testing.assert_array_equal(there.rows(tensor, 0, tensor.shape[0]), WEIGHTS[tensor.name])
    before = len(source.asked)
    there.rows(there.tensors[0], 0, 1)
    assert len(source.asked) == before + 1  # what was checked once is read alone


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_opening_reads_the_ends_of_the_file_alone(form: str) -> None:
    _, source = opened(FILES[form])
    assert len(source.asked) == 2
    assert all(wanted.start == 0 or wanted.stop == len(FILES[form]) for wanted in source.asked)


def test_a_file_laid_out_otherwise_has_its_headers_read_at_once() -> None:
    _, source = opened(FILES["rezipped"])
    assert 2 <= len(source.asked) <= 2 + len(STATE)


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_a_place_that_is_not_as_presumed_is_refused_when_it_is_read(form: str) -> None:
    data = bytearray(FILES[form])
    values = WEIGHTS["model.layers.1.mlp.up_proj.weight"].tobytes()
    start = data.index(values)
    count, extra = start - 8, data.rindex(b"PK\x03\x04", 0, start) + 28 if form == "zip" else 0
    data[extra or count] ^= 1
    there, _ = opened(bytes(data))
    for tensor in there.tensors:
        if tensor.name == "model.layers.1.mlp.up_proj.weight":
            with pytest.raises(UnreadableFileError, match=r"is damaged|not where its pickle says"):
                there.rows(tensor, 1, 2)
        else:
            there.rows(tensor, 0, 1)


@pytest.mark.parametrize("form", VALID)
@given(st.data())
def test_mutated_files_are_read_or_refused(form: str, data: st.DataObject) -> None:
    mutated = bytearray(VALID[form])
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    source = Remote(bytes(mutated))
    try:
        container = read_container(source)
        checked = with_place_checks(source, container.place_checks)
        for tensor in container.tensors:
            read_range(checked, tensor.file, tensor.start, tensor.stop)
    except LineageAuditError as error:
        assert str(error).isprintable()


@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.sampled_from([torch.float32, torch.int8]))
def test_presumed_places_are_those_that_the_headers_give(sizes: list[int], dtype: torch.dtype) -> None:
    source = MemorySource({FILE: save_zip({str(n): torch.ones(size, dtype=dtype) for n, size in enumerate(sizes)})})
    archive = open_archive(source, FILE)
    keys = [name.removeprefix("data/") for name in archive.entries if name.startswith("data/")]
    presumed = presume_storages(archive, keys)
    assert presumed is not None
    spans, place_checks = presumed
    assert spans == locate_storages(source, archive, keys)
    for one in place_checks:
        one.check(source.read_ranges([one.proof])[0])
