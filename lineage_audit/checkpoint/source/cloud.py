"""Models in stores: S3, Google Cloud, Azure, and any that fsspec knows. The library for it is optional.

Neither credentials nor the texts of a library's errors are printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lineage_audit.checkpoint.source.addresses import shown_address
from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.checkpoint.source.coalescing import coalesce, cut
from lineage_audit.checkpoint.source.model_files import gguf_model, is_safe_name, is_weight_file
from lineage_audit.checkpoint.source.stores import OBJECT_STORES, Store, StoreEntry, open_store
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

_ENTRY_LIMIT = 100_000
_DEPTH_LIMIT = 2
_AT_ONCE = 8
"""Requests that run at a time."""


class _CloudSource:
    """Files below one folder of a store."""

    def __init__(self, ref: str, store: Store, found: Mapping[str, StoreEntry]) -> None:
        """Take what was listed, by name."""
        self.ref = ref
        self.revision: str | None = None
        self.is_local = False
        self.bytes_read = 0
        self.files: Mapping[str, SourceFile] = {name: SourceFile(entry.size or 0) for name, entry in found.items()}
        self._store = store
        self._paths = {name: entry.path for name, entry in found.items()}

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
            found = self._store.read([ByteRange(self._paths[piece.file], piece.start, piece.stop) for piece in pieces])
        except OSError as error:
            raise UnreadableFileError(f"{self.ref}: cannot be read ({_kind(error)}); try again later") from None
        for piece, data in zip(pieces, found, strict=True):
            if len(data) != piece.stop - piece.start:
                raise UnreadableFileError(f"{piece.file}: {self.ref} sends other bytes than asked for; fetch it first")
        return found


def open_cloud(ref: str) -> _CloudSource:
    """Open a folder or a weight file in a store.

    Raises:
        UnresolvedReferenceError: it is not there, may not be read, or the store's library is missing.
    """
    shown = shown_address(ref)
    store, path = _store(ref, shown)
    try:
        is_file = store.is_file(path)
    except OSError as error:
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
    return _CloudSource(shown, store, listed)


def _store(ref: str, shown: str) -> tuple[Store, str]:
    """The store that a scheme stands for, and the path in it."""
    scheme = ref.partition("://")[0].lower()
    needed = "pip install 'lineage-audit[cloud]'" if scheme in OBJECT_STORES else f"install fsspec's for {scheme}://"
    try:
        return open_store(ref)
    except ImportError:
        raise UnresolvedReferenceError(f"{shown}: the library for {scheme}:// is not installed: {needed}") from None
    except ValueError:
        raise UnresolvedReferenceError(
            f"{shown}: no such file or folder, and no store is known for {scheme}://; give a path or org/name"
        ) from None
    except OSError as error:
        raise _refused(shown, error) from None


def _listed(store: Store, root: str, shown: str, depth: int) -> Iterator[tuple[str, StoreEntry]]:
    """The files below a folder by name, to a small depth, hidden ones left out."""
    pending, seen = [(root, depth)], 0
    while pending:
        folder, left = pending.pop()
        try:
            entries = list(store.entries(folder))
        except OSError as error:
            raise _refused(shown, error) from None
        seen += len(entries)
        if seen > _ENTRY_LIMIT:
            raise UnresolvedReferenceError(f"{shown}: more than {_ENTRY_LIMIT:,} files; is this a model's folder?")
        for entry in entries:
            name = entry.path.removeprefix(root).lstrip("/")
            if not entry.path.startswith(root) or not is_safe_name(name) or name.rpartition("/")[2].startswith("."):
                continue
            if entry.size is not None:
                yield name, entry
            elif left:
                pending.append((entry.path, left - 1))


def _refused(shown: str, error: OSError) -> UnresolvedReferenceError:
    """What a store's error means."""
    if isinstance(error, FileNotFoundError):
        return UnresolvedReferenceError(f"{shown}: nothing is there; check the address")
    if isinstance(error, PermissionError):
        return UnresolvedReferenceError(f"{shown}: may not be read; set the credentials that its library looks for")
    return UnresolvedReferenceError(f"{shown}: cannot be read ({_kind(error)}); check the address and the network")


def _kind(error: OSError) -> str:
    """What a library called its error, or Python."""
    return str(error) or type(error).__name__
