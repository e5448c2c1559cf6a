"""Find the shard indexes of repositories: in folders, or in the newest commit of git directories."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")


@dataclass(frozen=True, slots=True)
class PublishedIndex:
    """One shard index.

    Attributes:
        repository: the folder's name.
        file: where the index stands in it.
        names: the tensors that it lists.
        model_type: what the configuration beside it calls the architecture, or None.
    """

    repository: str
    file: str
    names: tuple[str, ...]
    model_type: str | None


def published_indexes(root: Path) -> Iterator[PublishedIndex]:
    """Yield every index of every repository in a folder; those that are no index of tensors are passed over.

    A repository is a folder that holds files, or a git directory, bare or not, under its own name or as ``repo``.
    """
    for place in sorted(path for path in root.iterdir() if path.is_dir()):
        git = next((one for one in (place / "repo", place / ".git", place) if (one / "HEAD").is_file()), None)
        files = _in_git(git) if git is not None else _in_folder(place)
        yield from _indexes(place.name, files)


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a repository, and how one of them is read."""

    names: tuple[str, ...]
    git: Path | None
    folder: Path | None

    def text(self, name: str) -> str:
        if self.git is not None:
            return _git(self.git, "show", f"HEAD:{name}")
        assert self.folder is not None
        return (self.folder / name).read_text(encoding="utf-8", errors="replace")


def _in_git(git: Path) -> _Files:
    return _Files(tuple(_git(git, "ls-tree", "-r", "--name-only", "HEAD").splitlines()), git, None)


def _in_folder(folder: Path) -> _Files:
    found = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.json")))
    return _Files(tuple(found), None, folder)


def _git(git: Path, *arguments: str) -> str:
    command = ["git", "--git-dir", str(git), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _indexes(repository: str, files: _Files) -> Iterator[PublishedIndex]:
    for name in files.names:
        path = PurePosixPath(name)
        listed = _object(files.text(name)).get("weight_map") if path.name in INDEXES else None
        if isinstance(listed, dict) and listed:
            config = str(path.parent / "config.json")
            stated = _object(files.text(config)).get("model_type") if config in files.names else None
            yield PublishedIndex(repository, name, tuple(listed), stated if isinstance(stated, str) else None)


def _object(text: str) -> dict[str, object]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
