"""Where a report goes: stdout or a file written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lineage_audit.errors import LineageAuditError

_BY_SUFFIX = {".json": "json", ".md": "markdown", ".html": "html", ".txt": "terminal"}


def format_for(path: Path | None, chosen: str | None) -> str:
    """The format asked for, else the one the file's name ends in, else the terminal's."""
    if chosen:
        return chosen
    return _BY_SUFFIX.get(path.suffix.lower(), "terminal") if path else "terminal"


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and move it there, so that no reader ever sees half of it.

    A link is followed; a pipe or device (``/dev/stdout``, ``/dev/null``) is written to and never replaced.

    Raises:
        LineageAuditError: the file cannot be written.
    """
    temporary = None
    try:
        path = path.resolve() if path.is_symlink() else path
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(text)
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


def write_figures(folder: Path, texts: Mapping[str, str]) -> None:
    """Write files into a folder, made if need be: first all of them beside it, then each moved to its place.

    A file or link of the same name is replaced, and never written through. A folder that was made for them is not left
    half full.

    Raises:
        LineageAuditError: the folder or a file cannot be written, or a name would leave the folder.
    """
    waiting: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        waiting = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        for name, text in texts.items():
            if not name or Path(name).name != name or name.startswith("."):
                raise LineageAuditError(f"{name!r} is no name of a figure; nothing was written")
            (waiting / name).write_text(text, encoding="utf-8")
        mask = os.umask(0)
        os.umask(mask)
        waiting.chmod(0o777 & ~mask)
        if folder.is_dir():
            for name in texts:
                (waiting / name).replace(folder / name)
        else:
            waiting.rename(folder)
    except OSError as error:
        raise LineageAuditError(f"{folder}: figures cannot be written ({error.strerror})") from None
    finally:
        if waiting is not None:
            shutil.rmtree(waiting, ignore_errors=True)
