"""Models on any web server that serves byte ranges: one weight file, or a folder with the usual names in it.

A web server cannot be listed, so the usual names are asked for, a byte of each, several at a time; shards are taken
from the index. What stands in the address as name, password or signature is sent to its host and never printed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from msgspec import Struct

from lineage_audit.checkpoint.source.addresses import shown_address
from lineage_audit.checkpoint.source.answers import (
    SLOWEST,
    TIMEOUT,
    TransientError,
    read_patiently,
    take,
    with_retries,
)
from lineage_audit.checkpoint.source.base import METADATA_LIMIT, ByteRange, SourceFile
from lineage_audit.checkpoint.source.coalescing import coalesce, cut
from lineage_audit.checkpoint.source.hub_refusals import TRANSIENT_STATUS, seconds_to_wait
from lineage_audit.checkpoint.source.model_files import (
    INDEXES,
    METADATA,
    WEIGHTS,
    gguf_shards,
    is_weight_file,
    shards_by_tensor,
)
from lineage_audit.errors import UnreadableFileError, UnresolvedReferenceError

CONNECTIONS = 8
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)", re.IGNORECASE)
_ABSENT = frozenset({403, 404, 410})

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Found(Struct, frozen=True):
    """A file that the server has: its size, and what the server calls this state of it."""

    size: int
    etag: str | None


class _WebSource:
    """Files below one address."""

    def __init__(self, ref: str, folder: _Folder, found: Mapping[str, _Found]) -> None:
        self.ref = shown_address(ref)
        self.revision: str | None = None
        self.is_local = False
        self.bytes_read = 0
        self.files: Mapping[str, SourceFile] = {name: SourceFile(one.size) for name, one in found.items()}
        self._folder = folder
        self._found = found
        self._lock = threading.Lock()

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges; nearby ones with one request, several requests at a time.

        Raises:
            UnreadableFileError: a file is shorter than a range asks, has changed, or is not served as asked.
            UnresolvedReferenceError: the server no longer gives it.
        """
        for wanted in ranges:
            if wanted.file not in self._found or not 0 <= wanted.start <= wanted.stop <= self._found[wanted.file].size:
                raise UnreadableFileError(f"{wanted.file}: is shorter than byte {wanted.stop:,}; fetch it again")
        pieces = coalesce(ranges)
        return cut(ranges, pieces, _at_once(self._read, pieces))

    def _read(self, piece: ByteRange) -> bytes:
        data = self._folder.read(piece, self._found[piece.file])
        with self._lock:
            self.bytes_read += len(data)
        return data


def open_web(ref: str) -> _WebSource:
    """Open the address of a weight file, or of a folder with a model's files under their usual names.

    Raises:
        UnresolvedReferenceError: there is no model, the host cannot be reached, or refuses.
        UnreadableFileError: an index is damaged.
    """
    shown = shown_address(ref)
    try:
        parts = urlsplit(ref)
        is_complete = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_complete = False
    if not is_complete:
        raise UnresolvedReferenceError(f"{shown}: is not an address; give https://host/path")
    path, _, last = parts.path.rpartition("/")
    if is_weight_file(last):
        folder = _Folder(shown, urlunsplit((*parts[:2], path, parts.query, "")))
        chosen = gguf_shards(unquote(last))
        found = folder.find([*chosen, *METADATA], must=chosen[0])
        missing = [name for name in chosen if name not in found]
        if missing:
            raise UnresolvedReferenceError(f"{shown}: the shard {missing[0]} is not there; fetch all")
        return _WebSource(ref, folder, found)
    folder = _Folder(shown, urlunsplit((*parts[:2], parts.path.rstrip("/"), parts.query, "")))
    found = folder.find([*INDEXES, *WEIGHTS, *METADATA])
    for index in (name for name in INDEXES if name in found):
        found |= folder.find(sorted(set(shards_by_tensor(folder.read_small(index, found[index]), index).values())))
    if not any(is_weight_file(name) for name in found):
        raise UnresolvedReferenceError(
            f"{shown}: no model there; give the address of a weight file, or of a folder with model.safetensors"
        )
    return _WebSource(ref, folder, found)


class _Folder:
    """Requests for the files of one folder."""

    def __init__(self, shown: str, url: str) -> None:
        self.shown = shown
        self._parts = urlsplit(url)

    def find(self, names: Iterable[str], must: str | None = None) -> dict[str, _Found]:
        """Ask for a byte of each file and learn its size; ``must`` is an error where it is not there."""
        wanted = list(dict.fromkeys(names))
        found = _at_once(lambda name: self._probe(name, is_needed=name == must), wanted)
        return {name: one for name, one in zip(wanted, found, strict=True) if one is not None and one.size}

    def read(self, piece: ByteRange, found: _Found) -> bytes:
        """Read one range, tried again where that may help.

        Raises:
            UnreadableFileError: the host sends something else than what was asked for, or too slowly.
        """
        slow = UnreadableFileError(
            f"{piece.file}: its host sends fewer than {SLOWEST:,} bytes a second; try again later, or fetch it first"
        )
        return read_patiently(piece, slow, lambda: self._get(piece, found, slow))

    def read_small(self, name: str, found: _Found) -> bytes:
        """Read a file of metadata whole.

        Raises:
            UnreadableFileError: it is too large for one.
        """
        if found.size > METADATA_LIMIT:
            raise UnreadableFileError(f"{name}: {found.size:,} bytes is more than a metadata file may have")
        return self.read(ByteRange(name, 0, found.size), found)

    def _url(self, name: str) -> str:
        return urlunsplit((*self._parts[:2], f"{self._parts.path}/{quote(name)}", self._parts.query, ""))

    def _probe(self, name: str, *, is_needed: bool) -> _Found | None:
        return with_retries(lambda: self._ask(name, is_needed))

    def _ask(self, name: str, is_needed: bool) -> _Found | None:
        """Ask for the first byte."""
        with _answered(self.shown, self._url(name), ByteRange(name, 0, 1)) as answer:
            status = answer.status_code
            if status == 416 or (status in _ABSENT and not is_needed):
                return None
            self._refuse(status, answer)
            said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if status == 206 and said is not None:
                return _Found(int(said[3]), answer.headers.get("ETag"))
            if answer.headers.get("Content-Type", "").startswith("text/html") and not is_needed:
                return None  # a page that says, in so many words, that there is nothing
            if is_weight_file(name):
                raise UnreadableFileError(f"{self.shown}: its host does not serve byte ranges; fetch the model first")
            length = answer.headers.get("Content-Length", "")
            return _Found(int(length), answer.headers.get("ETag")) if length.isdigit() and len(length) < 19 else None

    def _get(self, piece: ByteRange, found: _Found, slow: UnreadableFileError) -> bytes:
        with _answered(self.shown, self._url(piece.file), piece) as answer:
            self._refuse(answer.status_code, answer)
            if found.etag is not None and answer.headers.get("ETag", found.etag) != found.etag:
                raise UnreadableFileError(f"{piece.file}: changed while it was read; run again")
            whole = answer.status_code == 200 and piece.start == 0
            said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            expected = (str(piece.start), str(piece.stop - 1))
            if not whole and (answer.status_code != 206 or said is None or said.groups()[:2] != expected):
                raise UnreadableFileError(f"{piece.file}: its host sends other bytes than asked for; fetch it first")
            return take(piece, answer, slow)

    def _refuse(self, status: int, answer: Any) -> None:
        """Raise for an error status; no line holds the address's query."""
        if status < 400:
            return
        what = {401: "asks for a name and password", 403: "refuses to give it", 404: "has nothing there"}
        error = UnresolvedReferenceError(
            f"{self.shown}: {self._parts.hostname} {what.get(status, f'answers with HTTP status {status}')}"
        )
        if status in TRANSIENT_STATUS:
            raise TransientError(error, seconds_to_wait(answer.headers))
        raise error


@contextmanager
def _answered(shown: str, url: str, piece: ByteRange) -> Iterator[Any]:
    """One streamed answer; a broken connection may be tried again, and no line holds the address's query."""
    from huggingface_hub.errors import HTTPError
    from huggingface_hub.utils import get_session

    headers = {"Range": f"bytes={piece.start}-{piece.stop - 1}", "Accept-Encoding": "identity"}
    try:
        with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as answer:
            yield answer
    except (HTTPError, OSError):
        final = UnresolvedReferenceError(f"{shown}: {urlsplit(url).hostname} cannot be reached; check the network")
        raise TransientError(final) from None


def _at_once(call: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
    """Call for all items, several at a time."""
    if len(items) < 2:
        return [call(item) for item in items]
    with ThreadPoolExecutor(min(CONNECTIONS, len(items))) as pool:
        try:
            return list(pool.map(call, items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
