"""The Hub's cache on this machine, as ``huggingface_hub`` lays it out, read without that library.

``models--org--name/refs/<branch>`` holds a commit, ``snapshots/<commit>/`` links to ``blobs/``. A blob is named by
its sha256 where the file is stored with Git LFS; it may in turn be a link into blobs that repositories share,
which have other names.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from msgspec import Struct

from lineage_audit.checkpoint.source.base import SourceFile
from lineage_audit.checkpoint.source.local_files import described

_SHA256 = re.compile(r"[0-9a-f]{64}")


def blob_sha256(path: Path) -> str | None:
    """The name of the blob that a snapshot's link leads to, if it is a sha256.

    A blob that repositories share is a link in its turn, into a store with names of its own.
    """
    if not path.is_symlink():
        return None
    blob = path.readlink()
    return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None


_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REFERENCE_LIMIT = 200


class CachedFile(Struct, frozen=True):
    """A file of a snapshot: where it is, and its size and sha256."""

    path: Path
    described: SourceFile


def cached_commit(cache: Path, repository: str, revision: str) -> str | None:
    """The commit that a branch, tag or commit stands for, or None if the cache does not know it."""
    if _COMMIT.fullmatch(revision):
        return revision
    references = _repository_folder(cache, repository) / "refs"
    reference = Path(os.path.normpath(references / revision))
    if not reference.is_relative_to(references):
        return None
    try:
        with reference.open(encoding="ascii") as file:
            commit = file.read(_REFERENCE_LIMIT).strip()
    except (OSError, ValueError):
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def cached_files(cache: Path, repository: str, commit: str) -> dict[str, CachedFile]:
    """Every file of a snapshot by its name inside the repository; empty if there is no such snapshot."""
    folder = _repository_folder(cache, repository)
    snapshot = folder / "snapshots" / commit
    boundaries = (os.path.realpath(cache), os.path.realpath(folder))
    found: dict[str, CachedFile] = {}
    for place, _folders, names in os.walk(snapshot):
        for name in sorted(names):
            path = Path(place, name)
            target = Path(os.path.realpath(path))
            if not any(target.is_relative_to(boundary) for boundary in boundaries):
                continue
            with contextlib.suppress(OSError):
                file = described(target.stat(), blob_sha256(path))
                if file is not None:
                    found[path.relative_to(snapshot).as_posix()] = CachedFile(path, file)
    return found


def _repository_folder(cache: Path, repository: str) -> Path:
    return cache / ("models--" + repository.replace("/", "--"))
