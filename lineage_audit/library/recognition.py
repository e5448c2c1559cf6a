"""Tells fingerprint files from models, without loading anything else of the library."""

from __future__ import annotations

from pathlib import Path

SCHEMA = "lineage-audit/fingerprint-file/1"
"""Layout of a fingerprint file, which names it in its header; the scheme says what the numbers are."""

_LOOKED_AT = 4096


def is_fingerprint(path: Path) -> bool:
    """Tell whether a file says of itself that it is a fingerprint."""
    try:
        with path.open("rb") as stream:
            return SCHEMA.encode() in stream.read(_LOOKED_AT)
    except OSError:
        return False


def is_fingerprint_reference(ref: str) -> bool:
    """Tell whether a reference leads to a fingerprint file."""
    try:
        path = Path(ref).expanduser()
        return path.is_file() and is_fingerprint(path)
    except (OSError, ValueError, RuntimeError):
        return False
