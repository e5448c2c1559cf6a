"""Stores of files, all asked alike: S3, Google Cloud and Azure through obstore, any other that fsspec knows through it.

Credentials come from where those libraries look for them. Neither they nor the texts of errors are passed on: a store
fails with one of three errors of Python's own, whose names say what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from lineage_audit.checkpoint.source.base import ByteRange

OBJECT_STORES: Mapping[str, str] = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "azure": "az",
    "adl": "az",
    "abfs": "abfs",
    "abfss": "abfss",
}
"""Scheme -> what obstore calls it."""

_TIMEOUT, _CONNECT = "60s", "10s"
_RETRIES: Mapping[str, Any] = {
    "max_retries": 5,
    "retry_timeout": timedelta(seconds=120),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=15), "base": 2},
}
_ANSWERS: Mapping[str, type[OSError]] = {
    "NotFoundError": FileNotFoundError,
    "PermissionDeniedError": PermissionError,
    "UnauthenticatedError": PermissionError,
}
"""What obstore raises -> Python's own error; any other is a failed connection."""


class StoreEntry(Struct, frozen=True):
    """A file or a folder of a store.

    Attributes:
        path: in the store.
        size: in bytes; None for a folder.
    """

    path: str
    size: int | None


class Store(Protocol):
    """A store of files; each method raises ``FileNotFoundError``, ``PermissionError`` or ``ConnectionError``."""

    def is_file(self, path: str) -> bool:
        """Tell a file from a folder."""
        ...

    def entries(self, folder: str) -> Iterator[StoreEntry]:
        """What stands in a folder, its folders not opened."""
        ...

    def read(self, pieces: Sequence[ByteRange]) -> list[bytes]:
        """The bytes of each range, its file being a path of the store."""
        ...


def open_store(ref: str) -> tuple[Store, str]:
    """The store that an address stands for, and the path in it.

    Raises:
        ImportError: the library for it is not installed.
        ValueError: no store goes by that scheme.
        OSError: it cannot be reached, or its credentials are wrong.
    """
    scheme, _, rest = ref.partition("://")
    known = OBJECT_STORES.get(scheme.lower())
    return _object_store(f"{known}://{rest}") if known else _any_other(ref)


def _object_store(ref: str) -> tuple[Store, str]:
    from obstore.store import from_url

    parts = urlsplit(ref)
    options = {"timeout": _TIMEOUT, "connect_timeout": _CONNECT, "allow_http": True}
    with _plainly():
        host = parts.netloc.rpartition("@")[2] if parts.scheme in ("s3", "gs") else parts.netloc
        store = from_url(f"{parts.scheme}://{host}", client_options=options, retry_config=_RETRIES)
    return _ObjectStore(store), parts.path.lstrip("/")


class _ObjectStore:
    """A bucket or container, where folders are what paths have in common."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def is_file(self, path: str) -> bool:
        import obstore

        try:
            with _plainly():
                obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    def entries(self, folder: str) -> Iterator[StoreEntry]:
        import obstore

        with _plainly():
            found = obstore.list_with_delimiter(self._store, folder or None)
        yield from (StoreEntry(path, None) for path in found["common_prefixes"])
        yield from (StoreEntry(each["path"], each["size"]) for each in found["objects"])

    def read(self, pieces: Sequence[ByteRange]) -> list[bytes]:
        import obstore

        found: dict[ByteRange, bytes] = {}
        for path in dict.fromkeys(piece.file for piece in pieces):
            own = [piece for piece in pieces if piece.file == path]
            starts, ends = [piece.start for piece in own], [piece.stop for piece in own]
            with _plainly():
                data = obstore.get_ranges(self._store, path, starts=starts, ends=ends, coalesce=0)
            found.update(zip(own, map(bytes, data), strict=True))
        return [found[piece] for piece in pieces]


def _any_other(ref: str) -> tuple[Store, str]:
    from fsspec.core import url_to_fs

    with _plainly():
        store, path = url_to_fs(ref, use_listings_cache=False)
    return _FileSystem(store), str(path)


class _FileSystem:
    """A file system as fsspec shows it."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def is_file(self, path: str) -> bool:
        with _plainly():
            return bool(self._store.info(path).get("type") == "file")

    def entries(self, folder: str) -> Iterator[StoreEntry]:
        with _plainly():
            listed: Iterable[Mapping[str, Any]] = self._store.ls(folder, detail=True)
        for each in listed:
            path, size = str(each.get("name", "")), each.get("size")
            if each.get("type") == "directory":
                if path.rstrip("/") != folder.rstrip("/"):
                    yield StoreEntry(path, None)
            elif each.get("type") == "file" and type(size) is int and size >= 0:
                yield StoreEntry(path, size)

    def read(self, pieces: Sequence[ByteRange]) -> list[bytes]:
        paths, starts, stops = zip(*((piece.file, piece.start, piece.stop) for piece in pieces), strict=True)
        with _plainly():
            found: list[bytes] = self._store.cat_ranges(list(paths), list(starts), list(stops), on_error="raise")
        return found


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn what a library raises into an error of Python's own, without its text, which may hold what is secret."""
    try:
        yield
    except (ImportError, ValueError):
        raise
    except (FileNotFoundError, PermissionError) as error:
        raise type(error) from None
    except Exception as error:
        name = type(error).__name__
        refused = PermissionError if "Credential" in name else _ANSWERS.get(name, ConnectionError)
        raise refused(name) from None
