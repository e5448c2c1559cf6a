"""The one interface between a model's files and everything that reads them: named byte ranges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from lineage_audit.errors import UnreadableFileError

METADATA_LIMIT = 64 * 2**20
"""Largest JSON, YAML or text file that is read whole, in bytes; real tokenizers stay below 40 MB."""


class SourceFile(Struct, frozen=True):
    """One file of a model.

    Attributes:
        size: in bytes.
        sha256: in hexadecimal, where the host vouches for it.
        inode: device and number of a file on this machine: equal ones are one file.
        modified_ns: when a file on this machine last changed, in nanoseconds.
    """

    size: int
    sha256: str | None = None
    inode: tuple[int, int] | None = None
    modified_ns: int | None = None


class ByteRange(Struct, frozen=True):
    """Bytes ``start`` to ``stop`` (exclusive) of one file."""

    file: str
    start: int
    stop: int


class Source(Protocol):
    """A model's files, wherever they are.

    Attributes:
        ref: the reference as the user gave it.
        revision: the commit that was pinned, or None where there is none.
        files: every file of the model by its name inside the repository, with forward slashes.
        is_local: reading costs no traffic.
        bytes_read: how many bytes were read so far.
    """

    @property
    def ref(self) -> str: ...  # noqa: D102
    @property
    def revision(self) -> str | None: ...  # noqa: D102
    @property
    def files(self) -> Mapping[str, SourceFile]: ...  # noqa: D102
    @property
    def is_local(self) -> bool: ...  # noqa: D102
    @property
    def bytes_read(self) -> int: ...  # noqa: D102

    def read_ranges(self, ranges: Sequence[ByteRange]) -> list[bytes]:
        """Read all ranges, in the order given; several at a time where that is faster.

        Raises:
            UnreadableFileError: a file is shorter than a range asks, or changed or vanished meanwhile.
        """
        ...


class SourceAround:
    """What a source that stands around another has in common with it; how it reads is its own."""

    def __init__(self, source: Source) -> None:
        self.ref = source.ref
        self.revision = source.revision
        self.files: Mapping[str, SourceFile] = source.files
        self.is_local = source.is_local
        self._source = source

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, each fetch counted once."""
        return self._source.bytes_read


def read_range(source: Source, file: str, start: int, stop: int) -> bytes:
    """Read one byte range."""
    return source.read_ranges([ByteRange(file, start, stop)])[0]


def read_whole(source: Source, file: str, limit: int = METADATA_LIMIT) -> bytes:
    """Read a small file whole.

    Raises:
        UnreadableFileError: the file is larger than ``limit`` bytes.
    """
    size = source.files[file].size
    if size > limit:
        raise UnreadableFileError(f"{file}: {size:,} bytes is more than the {limit:,} a metadata file may have")
    return read_range(source, file, 0, size)
