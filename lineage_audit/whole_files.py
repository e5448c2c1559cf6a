"""Small files that are read whole, and files that are written whole or not at all: beside their place, then moved."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from lineage_audit.errors import LineageAuditError, UnreadableFileError


def require_place(path: Path) -> None:
    """Make sure that a file can be written where it shall be, before any model is read.

    Raises:
        LineageAuditError: its folder is not there, or is no folder, or cannot be written to.
    """
    folder = path.parent
    if not folder.is_dir():
        raise LineageAuditError(f"{path}: there is no folder {folder}; make it first")
    if path.is_dir():
        raise LineageAuditError(f"{path}: is a folder; name a file in it")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise LineageAuditError(f"{path}: cannot be written (Permission denied); nothing was read")


def read_small(path: Path, largest: int, otherwise: str) -> bytes:
    """Read a file of a size that was checked first.

    Args:
        path: the file.
        largest: most bytes that it may have.
        otherwise: what is said of a file that is empty or larger: ``not a fingerprint``.

    Raises:
        UnreadableFileError: it cannot be read, is empty or larger.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= largest else b""
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    if not data:
        raise UnreadableFileError(f"{path}: {otherwise} (empty, or more than {largest:,} bytes)")
    return data


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that no reader ever sees half of it.

    Raises:
        LineageAuditError: the file cannot be written.
    """
    with written_whole(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """Give a stream whose bytes are the file once the block ends, and nothing if it fails.

    A link is followed; a pipe or device (``/dev/stdout``, ``/dev/null``) is written to and never replaced. The file
    beside the place has a name of its own, so that several may write one file at once.

    Raises:
        LineageAuditError: the file cannot be written.
    """
    temporary = None
    try:
        path = path.resolve() if path.is_symlink() else path
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield stream
            return
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as beside:
            temporary = Path(beside.name)
            yield beside
        temporary.chmod(0o666 & ~_mask())
        temporary.replace(path)
    except OSError as error:
        raise LineageAuditError(f"{path}: cannot be written ({error.strerror}); nothing was left there") from None
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _mask() -> int:
    """The mask of permissions that new files have, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
