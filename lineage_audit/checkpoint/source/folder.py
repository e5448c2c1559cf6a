"""A model on the local disk: a folder, or one weight file with the metadata beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.source.hub_cache import blob_sha256
from lineage_audit.checkpoint.source.local_files import described, read_from
from lineage_audit.checkpoint.source.model_files import DISTRIBUTED, WEIGHT_SUFFIXES, gguf_model
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

_ENTRY_LIMIT = 100_000
_DEPTH_LIMIT = 2


class FolderSource:
    """Files below one folder.

    Symbolic links are followed only inside the folder, or inside the Hub cache entry that the folder belongs to.
    """

    def __init__(self, ref: str, root: Path, only_weights: str | None = None, revision: str | None = None) -> None:
        """List the files below ``root``; ``only_weights`` hides every weight file but it and its other shards."""
        self.ref = ref
        self.revision = revision or _snapshot_revision(root)
        self.is_local = True
        self.bytes_read = 0
        self._root = root
        self._boundaries = _boundaries(root)
        self._is_cached = _is_in_hub_cache(root)
        self.files: dict[str, SourceFile] = {}
        for name in _list_files(root):
            if only_weights is None or not name.endswith(WEIGHT_SUFFIXES) or _is_of(only_weights, name):
                file = self._describe(name)
                if file is not None:
                    self.files[name] = file

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, opening each file once."""
        results: list[bytes] = [b""] * len(ranges)
        by_file: dict[str, list[int]] = {}
        for position, wanted in enumerate(ranges):
            by_file.setdefault(wanted.file, []).append(position)
        for file, positions in by_file.items():
            spans = [ranges[position] for position in positions]
            if file not in self.files:
                raise UnreadableFileError(f"{self._root / file}: is not among the model's files; run again")
            data = read_from(self._root / file, self.files[file], spans)
            for position, piece in zip(positions, data, strict=True):
                results[position] = piece
            self.bytes_read += sum(map(len, data))
        return results

    def _describe(self, name: str) -> SourceFile | None:
        """Size and, in the Hub cache, sha256; None for what is not a regular file."""
        path = self._root / name
        target = Path(os.path.realpath(path))
        if not any(target.is_relative_to(boundary) for boundary in self._boundaries):
            if name.endswith(WEIGHT_SUFFIXES):
                raise UnreadableFileError(f"{path}: is a link out of the model's folder; copy the file instead")
            return None
        try:
            return described(target.stat(), self._vouched(path))
        except OSError:
            return None

    def _vouched(self, path: Path) -> str | None:
        """The sha256 by which the Hub cache of this machine names a file.

        A folder that came from elsewhere may be laid out like the cache and name any file by any hash.
        """
        return blob_sha256(path) if self._is_cached else None


def open_folder(ref: str) -> FolderSource:
    """Open a local path.

    Raises:
        UnresolvedReferenceError: there is nothing at the path, or it is not a file or folder.
    """
    path = Path(ref)
    if path.is_dir():
        source = FolderSource(ref, path)
        if not source.files:
            raise UnresolvedReferenceError(f"{ref}: the folder is empty; give a folder with a model's files")
        return source
    if path.is_file():
        return FolderSource(ref, path.parent, only_weights=path.name)
    if path.exists() or path.is_symlink():
        raise UnresolvedReferenceError(f"{ref}: is neither a file nor a folder")
    raise UnresolvedReferenceError(f"{ref}: no such file or folder")


def _is_of(chosen: str, name: str) -> bool:
    """Tell whether a weight file is the chosen one, or another shard of the same GGUF model."""
    return name == chosen or (gguf_model(name) == gguf_model(chosen) and gguf_model(chosen) not in (chosen, name))


def _list_files(root: Path) -> Iterator[str]:
    """Names of files below ``root`` to a small depth, hidden ones left out but for one, in sorted order."""
    pending = [("", 0)]
    seen = 0
    while pending:
        prefix, depth = pending.pop()
        try:
            with os.scandir(root / prefix) as entries:
                found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except OSError as error:
            raise UnresolvedReferenceError(f"{root / prefix}: {error.strerror}") from None
        for name, is_folder in found:
            seen += 1
            if seen > _ENTRY_LIMIT:
                raise UnresolvedReferenceError(f"{root}: more than {_ENTRY_LIMIT:,} files; is this a model's folder?")
            if name.startswith(".") and name != DISTRIBUTED:
                continue
            if not is_folder:
                yield prefix + name
            elif depth < _DEPTH_LIMIT:
                pending.append((f"{prefix}{name}/", depth + 1))


def _boundaries(root: Path) -> tuple[Path, ...]:
    """The folders that links may not leave: the model's own, or its Hub cache entry and the shared blobs."""
    resolved = Path(os.path.realpath(root))
    if _is_snapshot(resolved):
        entry = resolved.parent.parent
        return entry, entry.parent / "blobs"
    return (resolved,)


def _is_snapshot(resolved: Path) -> bool:
    """Tell whether a folder is laid out like one of the Hub cache, wherever that is."""
    return resolved.parent.name == "snapshots" and resolved.parent.parent.name.startswith("models--")


def _is_in_hub_cache(root: Path) -> bool:
    """Tell whether a folder is a snapshot of this machine's own Hub cache."""
    resolved = Path(os.path.realpath(root))
    if not _is_snapshot(resolved):
        return False
    from lineage_audit.checkpoint.source.hub_environment import cache_folder

    return resolved.is_relative_to(os.path.realpath(cache_folder()))


def _snapshot_revision(root: Path) -> str | None:
    """The commit that a Hub cache snapshot is of."""
    resolved = Path(os.path.realpath(root))
    return resolved.name if _is_snapshot(resolved) else None
