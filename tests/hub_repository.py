"""What the Hub of the tests holds, what goes wrong with it, and what it logs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Host = Literal["hub", "large"]


class TiledFile:
    """A large file that takes no memory: a beginning, one block over and over, and over it some pieces by place."""

    def __init__(self, beginning: bytes, block: bytes, size: int, pieces: Mapping[int, bytes] | None = None) -> None:
        self._beginning, self._block, self._size = beginning, block, size
        self._pieces = pieces or {}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice) -> bytes:
        start, stop, _ = wanted.indices(self._size)
        data = bytearray(self._tiled(start, stop))
        for place, piece in self._pieces.items():
            first, last = max(start, place), min(stop, place + len(piece))
            if first < last:
                data[first - start : last - start] = piece[first - place : last - place]
        return bytes(data)

    def _tiled(self, start: int, stop: int) -> bytes:
        head = self._beginning[start:stop]
        start = max(start, len(self._beginning)) - len(self._beginning)
        stop -= len(self._beginning)
        if stop <= start:
            return head
        offset = start % len(self._block)
        repeated = self._block * (1 + (offset + stop - start) // len(self._block))
        return head + repeated[offset : offset + stop - start]

    @property
    def essence(self) -> bytes:
        """What tells it from other files."""
        return self._beginning + self._block + repr((self._size, self._pieces)).encode()


Content = bytes | TiledFile


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; ``range`` is (start, stop), None for the whole file."""

    host: Host
    method: str
    path: str
    range: tuple[int, int] | None
    authorized: bool


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the next ``times`` requests whose path matches.

    Attributes:
        path: regular expression that is searched in the path.
        kind: what happens: an error ``status``; a connection ``drop`` after ``value`` bytes of the body; a pause of
            ``value`` seconds (``slow``); a body that is ``value`` bytes too short though the headers agree on it
            (``short``); the whole file although a range was asked for (``no-ranges``); other bytes than asked for
            (``shifted``); a body that claims to be compressed (``compressed``); one byte every ``value`` seconds
            (``drip``); no answer before ``value`` requests wait together (``meet``), or requests for as many files
            (``files-meet``).
        times: how often.
        value: see ``kind``; for ``status``, the status.
        headers: additional headers.
    """

    path: str
    kind: Literal["status", "drop", "slow", "short", "no-ranges", "shifted", "compressed", "drip", "meet", "files-meet"]
    times: int = 1
    value: float = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class HubRepository:
    """A model repository with one commit.

    Attributes:
        name: ``org/name``.
        files: contents by name.
        lfs: names of the files that are stored with Git LFS.
        branches: names that lead to the commit.
        gated: only ``HubServer.token`` may read files.
        private: only ``HubServer.token`` may see it at all.
        former_names: names that are redirected to this one.
        dates: when it was made and last changed, as the Hub writes them; None for a Hub that does not say.
    """

    name: str
    files: dict[str, Content]
    lfs: frozenset[str] = frozenset()
    branches: tuple[str, ...] = ("main",)
    gated: bool = False
    private: bool = False
    former_names: tuple[str, ...] = ()
    dates: tuple[str, str] | None = None

    @property
    def commit(self) -> str:
        """A commit that depends on the contents."""
        return git_hash(repr((self.name, [(name, self.etag(name)) for name in sorted(self.files)])).encode())

    def etag(self, name: str) -> str:
        """The name under which the Hub stores a file's contents."""
        return (lfs_hash if name in self.lfs else git_hash)(self.files[name])

    def described(self) -> list[dict[str, object]]:
        """The files as the model's description lists them."""
        return [
            {"rfilename": name, "size": len(content), "blobId": git_hash(content), **self._lfs(name, "sha256")}
            for name, content in sorted(self.files.items())
        ]

    def tree(self) -> list[dict[str, object]]:
        """The files as the tree lists them."""
        return [
            {"type": "file", "path": name, "size": len(content), "oid": git_hash(content), **self._lfs(name, "oid")}
            for name, content in sorted(self.files.items())
        ]

    def _lfs(self, name: str, key: str) -> dict[str, object]:
        if name not in self.lfs:
            return {}
        return {"lfs": {key: self.etag(name), "size": len(self.files[name]), "pointerSize": 130}}


@lru_cache(maxsize=256)
def git_hash(content: Content) -> str:
    """Name of a git object, near enough."""
    return hashlib.sha1(_essence(content), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=256)
def lfs_hash(content: Content) -> str:
    """Name of a Git LFS object."""
    return hashlib.sha256(_essence(content)).hexdigest()


def _essence(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.essence
