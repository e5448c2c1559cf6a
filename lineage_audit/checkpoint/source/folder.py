"""A model on the local disk: a folder, or one weight file with the metadata beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.source.blobs import blob_sha256
from lineage_audit.checkpoint.source.shard_names import gguf_model
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

_WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pth", ".pt", ".ckpt", ".gguf")
_ENTRY_LIMIT = 100_000
_DEPTH_LIMIT = 2


class FolderSource:
    """Files below one folder, read with positioned reads (never mapped: a file that shrinks must not kill us).

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
        self.files: dict[str, SourceFile] = {}
        for name in _list_files(root):
            if only_weights is None or not name.endswith(_WEIGHT_SUFFIXES) or _is_of(only_weights, name):
                described = self._describe(name)
                if described is not None:
                    self.files[name] = described

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, opening each file once."""
        results: list[bytes] = [b""] * len(ranges)
        by_file: dict[str, list[int]] = {}
        for position, wanted in enumerate(ranges):
            by_file.setdefault(wanted.file, []).append(position)
        for file, positions in by_file.items():
            descriptor = self._open(file)
            try:
                for position in positions:
                    results[position] = self._read(descriptor, ranges[position])
            finally:
                os.close(descriptor)
        return results

    def _open(self, file: str) -> int:
        try:
            return os.open(self._root / file, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise UnreadableFileError(f"{self._root / file}: {error.strerror}") from None

    def _read(self, descriptor: int, wanted: ByteRange) -> bytes:
        pieces, position = [], wanted.start
        while position < wanted.stop:
            try:
                piece = os.pread(descriptor, wanted.stop - position, position)
            except OSError as error:
                raise UnreadableFileError(f"{self._root / wanted.file}: {error.strerror}") from None
            if not piece:
                missing = wanted.stop - position
                raise UnreadableFileError(f"{self._root / wanted.file}: ends {missing:,} bytes early; fetch it again")
            pieces.append(piece)
            position += len(piece)
        self.bytes_read += wanted.stop - wanted.start
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _describe(self, name: str) -> SourceFile | None:
        """Size and, in the Hub cache, sha256; None for what is not a regular file."""
        path = self._root / name
        target = Path(os.path.realpath(path))
        if not any(target.is_relative_to(boundary) for boundary in self._boundaries):
            if name.endswith(_WEIGHT_SUFFIXES):
                raise UnreadableFileError(f"{path}: is a link out of the model's folder; copy the file instead")
            return None
        try:
            status = target.stat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return SourceFile(status.st_size, blob_sha256(path), (status.st_dev, status.st_ino))


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
    """Names of files below ``root`` to a small depth, hidden ones left out, in sorted order."""
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
            if name.startswith("."):
                continue
            if not is_folder:
                yield prefix + name
            elif depth < _DEPTH_LIMIT:
                pending.append((f"{prefix}{name}/", depth + 1))


def _boundaries(root: Path) -> tuple[Path, ...]:
    """The folders that links may not leave: the model's own, or its Hub cache entry and the shared blobs."""
    resolved = Path(os.path.realpath(root))
    if resolved.parent.name == "snapshots":
        entry = resolved.parent.parent
        return entry, entry.parent / "blobs"
    return (resolved,)


def _snapshot_revision(root: Path) -> str | None:
    """The commit that a Hub cache snapshot is of."""
    resolved = Path(os.path.realpath(root))
    return resolved.name if resolved.parent.name == "snapshots" else None
