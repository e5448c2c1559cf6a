"""The figures of a result as files of a folder: SVG by code of this room, PDF and PNG through CairoSVG."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lineage_audit.errors import LineageAuditError
from lineage_audit.report.html import figure_files
from lineage_audit.results import Result

_MISSING = "figures as {} need CairoSVG and the system's Cairo library: pip install 'lineage-audit[pdf]'; or write svg"
_PIXELS_A_UNIT = 2.0


def require_figures(suffix: str) -> None:
    """Make sure that figures can be written in a format, before any model is read.

    Raises:
        LineageAuditError: the optional library, or what it needs of the system, is not installed.
    """
    if suffix == "svg":
        return
    try:
        import cairosvg  # noqa: F401
    except (ImportError, OSError):
        raise LineageAuditError(_MISSING.format(suffix.upper())) from None


def write_figures(result: Result, folder: Path, suffix: str = "svg") -> None:
    """Write the figures of a result into a folder, made if need be.

    Raises:
        LineageAuditError: a library is missing, or the folder or a file cannot be written.
    """
    require_figures(suffix)
    drawn = figure_files(result)
    write_files(folder, {str(Path(name).with_suffix(f".{suffix}")): _as(suffix, text) for name, text in drawn.items()})


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
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
        for name, content in contents.items():
            if not name or Path(name).name != name or name.startswith("."):
                raise LineageAuditError(f"{name!r} is no name of a figure; nothing was written")
            (waiting / name).write_bytes(content)
        mask = os.umask(0)
        os.umask(mask)
        waiting.chmod(0o777 & ~mask)
        if folder.is_dir():
            for name in contents:
                (waiting / name).replace(folder / name)
        else:
            waiting.rename(folder)
    except OSError as error:
        raise LineageAuditError(f"{folder}: figures cannot be written ({error.strerror})") from None
    finally:
        if waiting is not None:
            shutil.rmtree(waiting, ignore_errors=True)


def _as(suffix: str, svg: str) -> bytes:
    if suffix == "svg":
        return svg.encode()
    import cairosvg

    convert = {"pdf": cairosvg.svg2pdf, "png": cairosvg.svg2png}[suffix]
    converted: bytes = convert(bytestring=svg.encode(), scale=_PIXELS_A_UNIT if suffix == "png" else 1.0)
    return converted
