"""Where a model's files come from: a reference becomes named byte ranges."""

from __future__ import annotations

import re
from pathlib import Path

from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.errors import UnresolvedReferenceError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./+-]+)?", re.ASCII)


def open_source(ref: str) -> Source:
    """Open a local folder or file if there is one at ``ref``, else a Hub repository ``org/name[@revision]``.

    Raises:
        UnresolvedReferenceError: it leads nowhere, with what to do.
    """
    if Path(ref).exists() or ref.startswith((".", "/", "~")) or Path(ref).is_symlink():
        return open_folder(str(Path(ref).expanduser()) if ref.startswith("~") else ref)
    if _HUB_ID.fullmatch(ref):
        from lineage_audit.checkpoint.source.hub import open_hub

        return open_hub(ref)
    raise UnresolvedReferenceError(
        f"{ref}: no such file or folder, and not a Hub id; give a path or org/name[@revision]"
    )
