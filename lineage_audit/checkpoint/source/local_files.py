"""Files on this machine, read so that none can block, and none can be exchanged for another while it is read.

A file is described when it is listed: which file it is, how long, and when it last changed. Every time it is opened
it must still be that file, and after the last read it must not have changed: header and rows are of one state, or
the reading ends with an error.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lineage_audit.checkpoint.source.base import ByteRange, SourceFile
from lineage_audit.errors import UnreadableFileError


def described(status: os.stat_result, sha256: str | None = None) -> SourceFile | None:
    """Describe a file by its status; None for what is no regular file."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return SourceFile(status.st_size, sha256, (status.st_dev, status.st_ino), status.st_mtime_ns)


def read_from(path: Path, listed: SourceFile, ranges: Sequence[ByteRange]) -> list[bytes]:
    """Read ranges of one file.

    Args:
        path: where it is.
        listed: how it was described when it was listed.
        ranges: the bytes; their ``file`` is not looked at.

    Raises:
        UnreadableFileError: the file is shorter than a range asks, has vanished, or is no longer the one listed.
    """
    with _opened(path) as descriptor:
        _require_same(path, descriptor, listed)
        data = [_read(path, descriptor, wanted) for wanted in ranges]
        _require_same(path, descriptor, listed)
    return data


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open for reading without waiting for a writer, as a pipe put in the file's place would make us."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}; put the file back, or give another") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _require_same(path: Path, descriptor: int, listed: SourceFile) -> None:
    found = described(os.fstat(descriptor))
    if found is None or found.inode != listed.inode:
        raise UnreadableFileError(f"{path}: is another file than a moment ago; run again when nothing writes there")
    if found.size < listed.size:
        missing = listed.size - found.size
        raise UnreadableFileError(f"{path}: ends {missing:,} bytes early; it became shorter meanwhile, fetch it again")
    if (found.size, found.modified_ns) != (listed.size, listed.modified_ns):
        raise UnreadableFileError(f"{path}: changed while it was read; run again when nothing writes there")


def _read(path: Path, descriptor: int, wanted: ByteRange) -> bytes:
    """Read one range with positioned reads (never mapped: a file that shrinks must not kill us)."""
    pieces, position = [], wanted.start
    while position < wanted.stop:
        try:
            piece = os.pread(descriptor, wanted.stop - position, position)
        except OSError as error:
            raise UnreadableFileError(f"{path}: {error.strerror}; check the disk") from None
        except (MemoryError, OverflowError):
            raise UnreadableFileError(
                f"{path}: {wanted.stop - wanted.start:,} bytes at once are more than the memory holds; "
                "compare with less effort, or on a larger machine"
            ) from None
        if not piece:
            raise UnreadableFileError(f"{path}: ends {wanted.stop - position:,} bytes early; fetch it again")
        pieces.append(piece)
        position += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
