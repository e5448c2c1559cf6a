"""What pins a checkpoint: every byte of small files, their host's word for large ones, else only the headers."""

from __future__ import annotations

import hashlib

import pytest

from lineage_audit.checkpoint import digest
from lineage_audit.checkpoint.digest import content_digest, method_of, weight_files
from lineage_audit.checkpoint.formats import read_container
from lineage_audit.checkpoint.source.base import SourceFile
from tests.checkpoint.memory_source import MemorySource
from tests.models import checkpoint, llama, safetensors, sharded

WEIGHTS = llama(1)


def _digest(source: MemorySource) -> str:
    container = read_container(source)
    return content_digest(weight_files(source, container), container)


def test_a_small_file_is_hashed_whole() -> None:
    data = safetensors(WEIGHTS)
    expected = hashlib.sha256(hashlib.sha256(data).hexdigest().encode()).hexdigest()
    assert _digest(MemorySource({"model.safetensors": data})) == f"sha256:{expected}"


def test_the_hash_of_a_file_is_that_of_sha256sum_and_the_digest_names_its_method() -> None:
    files = sharded(WEIGHTS, 2)
    source = MemorySource(files)
    found = {file.file: file.sha256 for file in weight_files(source, read_container(source))}
    shards = {name: data for name, data in files.items() if name.endswith(".safetensors")}
    assert found == {name: hashlib.sha256(data).hexdigest() for name, data in shards.items()}
    assert method_of(_digest(source)) == "file-hashes"


def test_a_flipped_bit_shows_and_a_config_does_not() -> None:
    data = bytearray(safetensors(WEIGHTS))
    before = _digest(MemorySource({"model.safetensors": bytes(data), "config.json": "{}"}))
    data[-1] ^= 1
    assert _digest(MemorySource({"model.safetensors": bytes(data)})) != before
    data[-1] ^= 1
    assert _digest(MemorySource({"model.safetensors": bytes(data)})) == before


def test_the_names_and_order_of_shards_do_not_matter() -> None:
    files = sharded(WEIGHTS, 2)
    shards = [data for name, data in files.items() if name.endswith(".safetensors")]
    forwards = {"model-a.safetensors": shards[0], "model-b.safetensors": shards[1]}
    backwards = {"model-a.safetensors": shards[1], "model-b.safetensors": shards[0]}
    assert _digest(MemorySource(forwards)) == _digest(MemorySource(backwards)) == _digest(MemorySource(files))


def test_the_host_is_taken_at_its_word_and_nothing_is_read() -> None:
    source = MemorySource({"model.safetensors": safetensors(WEIGHTS)})
    source.files["model.safetensors"] = SourceFile(source.files["model.safetensors"].size, sha256="ab" * 32)
    container = read_container(source)
    before = source.bytes_read
    (file,) = weight_files(source, container)
    assert (file.sha256, file.size) == ("ab" * 32, source.files["model.safetensors"].size)
    assert content_digest((file,), container) == f"sha256:{hashlib.sha256(('ab' * 32).encode()).hexdigest()}"
    assert source.bytes_read == before


def test_large_files_without_a_hash_are_pinned_by_their_headers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "SMALL_ENOUGH", 100)
    one, other = (_digest(MemorySource({"model.safetensors": safetensors(llama(seed))})) for seed in (1, 2))
    assert one == other
    assert one.startswith("headers-sha256:")
    assert method_of(one) == "headers"
    assert _digest(MemorySource({"model.safetensors": safetensors(WEIGHTS, "BF16")})) != one


def test_a_large_file_says_which_bytes_were_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digest, "SMALL_ENOUGH", 0)
    model = checkpoint({"model.safetensors": safetensors(WEIGHTS)})
    assert [(file.sha256, file.ranges_sha256) for file in model.files_as_read] == [(None, None)]
    model.rows(model.core[0], 0, 2)
    (first,) = model.files_as_read
    model.rows(model.core[0], 2, 3)
    (second,) = model.files_as_read
    assert first.sha256 is None
    assert None is not first.ranges_sha256 != second.ranges_sha256


def test_a_file_that_was_hashed_whole_needs_no_hash_of_ranges() -> None:
    model = checkpoint({"model.safetensors": safetensors(WEIGHTS)})
    model.rows(model.core[0], 0, 2)
    assert model.files_as_read == model.files
