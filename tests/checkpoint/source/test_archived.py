"""A model in a plain tar is read where it stands; damage ends in one line, and nothing leads outside."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import numpy as np
import pytest
import torch

from lineage_audit.checkpoint import read_checkpoint
from lineage_audit.checkpoint.source.archived import opened_archive
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.errors import LineageAuditError, UnreadableFileError
from tests.checkpoint.memory_source import MemorySource
from tests.models import llama, llama_config


def tarred(files: dict[str, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def saved() -> bytes:
    buffer = io.BytesIO()
    torch.save({name: torch.from_numpy(values) for name, values in llama(1).items()}, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_weights_are_read_inside_the_archive(form: int) -> None:
    files = {"./model_config.yaml": b"a: 1\n", "./model_weights.ckpt": saved()}
    source = MemorySource({"model.nemo": tarred(files, form), "config.json": json.dumps(llama_config())})
    model = read_checkpoint(source)
    assert model.container.files == ("model_weights.ckpt",)
    assert not model.left_out
    tensor = next(one for one in model.tensors if one.name == "model.layers.1.mlp.up_proj.weight")
    np.testing.assert_array_equal(model.rows(tensor, 3, 9), llama(1)[tensor.name][3:9])


def test_weights_beside_the_archive_are_preferred() -> None:
    source = MemorySource({"model.nemo": tarred({"model_weights.ckpt": saved()}), "pytorch_model.bin": saved()})
    assert opened_archive(source) is source


def test_what_leads_outside_is_passed_over() -> None:
    files = {"../evil.ckpt": b"x", "model_weights.ckpt": b"inside"}
    opened = opened_archive(MemorySource({"model.nemo": tarred(files)}))
    assert set(opened.files) == {"model_weights.ckpt"}
    assert opened.read_ranges([ByteRange("model_weights.ckpt", 2, 6)]) == [b"side"]
    with pytest.raises(UnreadableFileError, match="shorter"):
        opened.read_ranges([ByteRange("model_weights.ckpt", 2, 7)])


def test_a_damaged_archive_ends_in_one_line() -> None:
    whole = tarred({"model_weights.ckpt": saved()})
    without_length = whole[:124] + b"zzzzzzzzzzz\0" + whole[136:]
    for data in (whole[: len(whole) // 2], without_length, whole[:600]):
        with pytest.raises(LineageAuditError) as caught:
            read_checkpoint(MemorySource({"model.nemo": data}))
        assert "\n" not in str(caught.value)


def test_a_compressed_archive_is_named_with_what_to_do() -> None:
    with pytest.raises(LineageAuditError, match="unpack it with tar"):
        read_checkpoint(MemorySource({"model.nemo": gzip.compress(tarred({"model_weights.ckpt": saved()}))}))
