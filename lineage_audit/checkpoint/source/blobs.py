"""The Hub cache's blobs: a snapshot's files are links to them, and Git LFS ones are named by their sha256."""

from __future__ import annotations

import re
from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


def blob_sha256(path: Path) -> str | None:
    """The name of the blob that a snapshot's link leads to, if it is a sha256 (of blobs that repositories share it
    is not: such a blob is a link in its turn).
    """
    if not path.is_symlink():
        return None
    blob = path.readlink()
    return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None
