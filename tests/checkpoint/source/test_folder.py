"""Models on the local disk: what is listed, what links may lead to, what is not a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineage_audit.checkpoint.source import open_source
from lineage_audit.checkpoint.source.base import ByteRange, read_whole
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError


def _folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(name.encode())
    return path


def test_files_are_listed_to_a_small_depth_without_hidden_ones(tmp_path: Path) -> None:
    _folder(tmp_path, "a.bin", "sub/b.txt", "sub/deep/c.txt", "sub/deep/deeper/d.txt", ".git/config", ".hidden")
    assert set(open_source(str(tmp_path)).files) == {"a.bin", "sub/b.txt", "sub/deep/c.txt"}


def test_ranges_come_in_the_order_asked_and_are_counted(tmp_path: Path) -> None:
    source = open_source(str(_folder(tmp_path, "abcdef", "xyz")))
    ranges = [ByteRange("abcdef", 2, 4), ByteRange("xyz", 0, 1), ByteRange("abcdef", 0, 1), ByteRange("xyz", 1, 1)]
    assert source.read_ranges(ranges) == [b"cd", b"x", b"a", b""]
    assert source.bytes_read == 4
    assert source.is_local


def test_one_weight_file_hides_the_others_and_keeps_the_metadata(tmp_path: Path) -> None:
    _folder(tmp_path, "a.safetensors", "b.safetensors", "config.json", "old.bin")
    source = open_source(str(tmp_path / "b.safetensors"))
    assert set(source.files) == {"b.safetensors", "config.json"}


def test_a_file_that_shrank_meanwhile_is_an_error(tmp_path: Path) -> None:
    source = open_source(str(_folder(tmp_path, "weights.bin")))
    os.truncate(tmp_path / "weights.bin", 3)
    with pytest.raises(UnreadableFileError, match="early"):
        source.read_ranges([ByteRange("weights.bin", 0, 8)])


def test_a_file_that_vanished_meanwhile_is_an_error(tmp_path: Path) -> None:
    source = open_source(str(_folder(tmp_path, "weights.bin")))
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(UnreadableFileError, match=r"weights\.bin"):
        source.read_ranges([ByteRange("weights.bin", 0, 8)])


def test_links_inside_the_folder_are_followed(tmp_path: Path) -> None:
    _folder(tmp_path, "blob")
    (tmp_path / "model.safetensors").symlink_to("blob")
    assert read_whole(open_source(str(tmp_path)), "model.safetensors") == b"blob"


def test_a_link_out_of_the_folder_is_refused_for_weights_and_ignored_elsewhere(tmp_path: Path) -> None:
    _folder(tmp_path, "secret")
    model = _folder(tmp_path / "model", "config.json")
    (model / "README.md").symlink_to(tmp_path / "secret")
    (model / "sub").symlink_to(tmp_path)
    assert set(open_source(str(model)).files) == {"config.json"}
    (model / "model.safetensors").symlink_to(tmp_path / "secret")
    with pytest.raises(UnreadableFileError, match="link out of"):
        open_source(str(model))


@pytest.mark.parametrize("cache", ["here", "elsewhere"])
def test_the_hub_cache_gives_revision_and_hash(cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder laid out like the cache may name its files by any hash; only the cache itself is believed."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path if cache == "here" else tmp_path / "other"))
    sha256, commit = "ab" * 32, "c" * 40
    entry = _folder(tmp_path / "models--org--name", f"blobs/{sha256}", "blobs/not-a-hash")
    snapshot = entry / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to(f"../../blobs/{sha256}")
    (snapshot / "config.json").symlink_to("../../blobs/not-a-hash")
    source = open_source(str(snapshot))
    assert source.revision == commit
    assert source.files["model.safetensors"].sha256 == (sha256 if cache == "here" else None)
    assert source.files["config.json"].sha256 is None


def test_two_names_of_one_file_share_an_inode(tmp_path: Path) -> None:
    _folder(tmp_path, "a.safetensors")
    os.link(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    files = open_source(str(tmp_path)).files
    assert files["a.safetensors"].inode == files["b.safetensors"].inode


def test_what_is_no_regular_file_is_not_listed(tmp_path: Path) -> None:
    _folder(tmp_path, "config.json")
    os.mkfifo(tmp_path / "model.safetensors")
    (tmp_path / "broken.safetensors").symlink_to("nowhere")
    (tmp_path / "loop.safetensors").symlink_to("loop.safetensors")
    assert set(open_source(str(tmp_path)).files) == {"config.json"}


def test_a_fifo_put_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    source = open_source(str(_folder(tmp_path, "weights.bin")))
    (tmp_path / "weights.bin").unlink()
    os.mkfifo(tmp_path / "weights.bin")
    with pytest.raises(UnreadableFileError, match=r"weights\.bin"):
        source.read_ranges([ByteRange("weights.bin", 0, 8)])


def test_a_folder_put_in_place_of_a_file_is_one_error(tmp_path: Path) -> None:
    source = open_source(str(_folder(tmp_path, "weights.bin")))
    (tmp_path / "weights.bin").unlink()
    (tmp_path / "weights.bin").mkdir()
    with pytest.raises(UnreadableFileError, match=r"weights\.bin"):
        source.read_ranges([ByteRange("weights.bin", 0, 8)])


def test_references_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name, reason in {
        "empty": "is empty", "missing": "no such file", "pipe": "neither", "dangling": "neither a file|no such file"
    }.items():  # fmt: skip
        with pytest.raises(UnresolvedReferenceError, match=reason) as error:
            open_source(str(tmp_path / name))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("ref", ["", "no such model", "a/b/c", "org/", "org/na me", "org/name@", "x" * 5000, "a\0b"])
def test_what_is_neither_a_path_nor_a_hub_id(ref: str) -> None:
    with pytest.raises(UnresolvedReferenceError):
        open_source(ref)
