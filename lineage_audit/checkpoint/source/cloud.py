"""Models in any store that fsspec knows: S3, Google Cloud, Azure, SFTP, ... The store's own library is optional.

Credentials come from where that library looks for them. Neither they nor the texts of its errors are printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.source.coalescing import coalesce, cut
from lineage_audit.checkpoint.source.model_files import gguf_model, is_safe_name, is_weight_file
from lineage_audit.checkpoint.source.redaction import shown_address
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

_EXTRAS: Mapping[str, str] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "adl": "azure",
}
"""Scheme -> the extra of this package that brings its library."""

_ENTRY_LIMIT = 100_000
_DEPTH_LIMIT = 2
_AT_ONCE = 8
"""Requests that run at a time."""


class _CloudSource:
    """Files below one folder of a store."""

    def __init__(self, ref: str, store: Any, paths: Mapping[str, str], sizes: Mapping[str, int]) -> None:
        """Take what was listed: the path and the size of each file by its name."""
        self.ref = ref
        self.revision: str | None = None
        self.is_local = False
        self.bytes_read = 0
        self.files: Mapping[str, SourceFile] = {name: SourceFile(size) for name, size in sizes.items()}
        self._store = store
        self._paths = paths

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges; nearby ones with one request, several requests at a time.

        Raises:
            UnreadableFileError: a file is shorter than a range asks, has vanished, or cannot be read.
        """
        for wanted in ranges:
            if wanted.file not in self.files or not 0 <= wanted.start <= wanted.stop <= self.files[wanted.file].size:
                raise UnreadableFileError(f"{wanted.file}: is shorter than byte {wanted.stop:,}; fetch it again")
        pieces = coalesce(ranges)
        data = [piece for first in range(0, len(pieces), _AT_ONCE) for piece in self._read(pieces[first:][:_AT_ONCE])]
        self.bytes_read += sum(map(len, data))
        return cut(ranges, pieces, data)

    def _read(self, pieces: Sequence[ByteRange]) -> list[bytes]:
        """Read a few pieces at once."""
        try:
            found = self._store.cat_ranges(
                [self._paths[piece.file] for piece in pieces],
                [piece.start for piece in pieces],
                [piece.stop for piece in pieces],
                on_error="return",
            )
        except Exception as error:
            raise UnreadableFileError(f"{self.ref}: cannot be read ({_kind(error)}); try again later") from None
        for piece, data in zip(pieces, found, strict=True):
            if not isinstance(data, bytes):
                raise UnreadableFileError(f"{piece.file}: cannot be read ({_kind(data)}); try again later")
            if len(data) != piece.stop - piece.start:
                raise UnreadableFileError(f"{piece.file}: {self.ref} sends other bytes than asked for; fetch it first")
        return list(found)


def open_cloud(ref: str) -> _CloudSource:
    """Open a folder or a weight file in a store.

    Raises:
        UnresolvedReferenceError: it is not there, may not be read, or the store's library is missing.
    """
    shown = shown_address(ref)
    store, path = _store(ref, shown)
    try:
        described = store.info(path)
        is_file = described.get("type") == "file"
    except Exception as error:
        raise _refused(shown, error) from None
    chosen = path.rpartition("/")[2] if is_file else None
    root = path.rpartition("/")[0] if is_file else path.rstrip("/")
    listed = dict(_listed(store, root, shown, _DEPTH_LIMIT))
    if chosen is not None:
        model = gguf_model(chosen)
        listed = {
            name: entry for name, entry in listed.items() if not is_weight_file(name) or gguf_model(name) == model
        }
    if not listed:
        raise UnresolvedReferenceError(f"{shown}: nothing is there; give a folder with a model's files")
    paths = {name: place for name, (place, _) in listed.items()}
    return _CloudSource(shown, store, paths, {name: size for name, (_, size) in listed.items()})


def _store(ref: str, shown: str) -> tuple[Any, str]:
    """The store that a scheme stands for, and the path in it."""
    scheme = ref.partition("://")[0].lower()
    extra = _EXTRAS.get(scheme)
    missing = f"pip install 'lineage-audit[{extra}]'" if extra else f"install fsspec's library for {scheme}://"
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise UnresolvedReferenceError(f"{shown}: fsspec is not installed: {missing}") from None
    try:
        store, path = url_to_fs(ref, use_listings_cache=False)
    except ImportError:
        raise UnresolvedReferenceError(f"{shown}: the library for {scheme}:// is not installed: {missing}") from None
    except ValueError:
        raise UnresolvedReferenceError(
            f"{shown}: no such file or folder, and no store is known for {scheme}://; give a path or org/name"
        ) from None
    except Exception as error:
        raise _refused(shown, error) from None
    return store, str(path)


def _listed(store: Any, root: str, shown: str, depth: int) -> Iterator[tuple[str, tuple[str, int]]]:
    """Name, and path and size, of the files below a folder, to a small depth, hidden ones left out."""
    pending, seen = [(root, depth)], 0
    while pending:
        folder, left = pending.pop()
        try:
            entries = store.ls(folder, detail=True)
        except Exception as error:
            raise _refused(shown, error) from None
        seen += len(entries)
        if seen > _ENTRY_LIMIT:
            raise UnresolvedReferenceError(f"{shown}: more than {_ENTRY_LIMIT:,} files; is this a model's folder?")
        for entry in entries:
            path, size = str(entry.get("name", "")), entry.get("size")
            name = path.removeprefix(root).lstrip("/")
            if not path.startswith(root) or not is_safe_name(name) or name.rpartition("/")[2].startswith("."):
                continue
            if entry.get("type") == "directory" and left and path.rstrip("/") != folder.rstrip("/"):
                pending.append((path, left - 1))
            elif entry.get("type") == "file" and type(size) is int and size >= 0:
                yield name, (path, size)


def _refused(shown: str, error: Exception) -> UnresolvedReferenceError:
    """What a library's error means, without its text, which may hold what must not be printed."""
    if isinstance(error, FileNotFoundError):
        return UnresolvedReferenceError(f"{shown}: nothing is there; check the address")
    if isinstance(error, PermissionError) or "Credential" in type(error).__name__:
        return UnresolvedReferenceError(f"{shown}: may not be read; set the credentials that its library looks for")
    return UnresolvedReferenceError(f"{shown}: cannot be read ({_kind(error)}); check the address and the network")


def _kind(error: object) -> str:
    return type(error).__name__
