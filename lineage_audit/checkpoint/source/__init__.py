"""Where a model's files come from: a reference becomes named byte ranges."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lineage_audit.checkpoint.source.addresses import open_address
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.checkpoint.source.redaction import is_address
from lineage_audit.errors import UnresolvedReferenceError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./+-]+)?", re.ASCII)


def _leads_somewhere(ref: str) -> bool:
    """Tell whether there is anything at a path, a dangling link included."""
    try:
        return bool(ref) and os.path.lexists(ref)
    except ValueError:
        return False


def says_where(ref: str) -> bool:
    """Tell whether a reference can mean nothing but a place: a path here, an address, or a model in Ollama's store."""
    return _is_path(ref) or is_address(ref) or ref.startswith("ollama:")


def _is_path(ref: str) -> bool:
    return _leads_somewhere(ref) or ref.startswith((".", "/", "~"))


def open_source(ref: str) -> Source:
    """Open a local folder or file if there is one at ``ref``, else what its form says.

    ``ollama:NAME[:TAG]`` is in Ollama's store, ``scheme://...`` behind an address, ``org/name[@revision]`` on the Hub.

    Raises:
        UnresolvedReferenceError: it leads nowhere, with what to do.
    """
    if _is_path(ref):
        try:
            return open_folder(str(Path(ref).expanduser()) if ref.startswith("~") else ref)
        except OSError as error:
            raise UnresolvedReferenceError(f"{ref}: {error.strerror}") from None
    if is_address(ref):
        return open_address(ref)
    if ref.startswith("ollama:"):
        from lineage_audit.checkpoint.source.ollama import open_ollama

        return open_ollama(ref)
    if _HUB_ID.fullmatch(ref):
        from lineage_audit.checkpoint.source.hub import open_hub

        return open_hub(ref)
    raise UnresolvedReferenceError(
        f"{ref}: no such file or folder, and not a Hub id; give a path or org/name[@revision]"
    )
