"""Shard indexes are found in folders and in git directories, and what is no index is passed over."""

import json
import subprocess
from pathlib import Path

from benchmarks.published.indexes import published_indexes
from lineage_audit.checkpoint.names import unknown_names

NAMES = ("model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight")


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    listed = {"weight_map": dict.fromkeys(NAMES, "model-00001-of-00001.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(listed))
    (folder / "pytorch_model.bin.index.json").write_text("version https://git-lfs.github.com/spec/v1")
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return folder


def test_folders_and_git_directories_are_read_alike(tmp_path: Path) -> None:
    plain, versioned = repository(tmp_path / "plain"), repository(tmp_path / "versioned")
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "weights")):
        subprocess.run(["git", *command], cwd=versioned, check=True)
    found = list(published_indexes(tmp_path))
    assert [index.repository for index in found] == [plain.name, versioned.name]
    assert {(index.file, index.names, index.model_type) for index in found} == {
        ("model.safetensors.index.json", NAMES, "llama")
    }


def test_names_alone_tell_what_is_unknown() -> None:
    assert unknown_names(NAMES) == ()
    assert unknown_names((*NAMES, "model.layers.0.warp_drive.weight")) == ("model.layers.0.warp_drive.weight",)
