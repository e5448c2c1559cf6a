"""The Hub cache's blobs: a snapshot's files are links to them, and Git LFS ones are named by their sha256."""

from __future__ import annotations

import re
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


def blob_sha256(path: Path) -> str | None:
    """The name of the blob that a snapshot's link leads to, if it is a sha256.

    A blob that repositories share is a link in its turn, into a store with names of its own.
    """
    if not path.is_symlink():
        return None
    blob = path.readlink()
    return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None
