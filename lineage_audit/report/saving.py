"""A result as a file: in the format that its name ends in, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from lineage_audit.errors import LineageAuditError
from lineage_audit.report import render
from lineage_audit.report.formats import Format, format_of_file, suffixes_of
from lineage_audit.results import Result


def save(result: Result, path: Path) -> None:
    """Write a result to a file.

    Raises:
        LineageAuditError: the name ends in no known format, a library is missing, or the file cannot be written.
    """
    write_whole(path, render(result, format_by_suffix(type(result), path)))


def format_by_suffix(kind: type, path: Path) -> Format:
    """The format that a file's name ends in.

    Raises:
        LineageAuditError: it ends in none.
    """
    form = format_of_file(kind, path.name)
    if form is None:
        *others, last = suffixes_of(kind)
        raise LineageAuditError(f"{path}: its suffix names no format; use {', '.join(others)} or {last}")
    return form


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


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file beside its place and move it there, so that no reader ever sees half of it.

    A link is followed; a pipe or device (``/dev/stdout``, ``/dev/null``) is written to and never replaced.

    Raises:
        LineageAuditError: the file cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = None
    try:
        path = path.resolve() if path.is_symlink() else path
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            stream.write(data)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise LineageAuditError(f"{path}: cannot be written ({error.strerror}); nothing was left there") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
