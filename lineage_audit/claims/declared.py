"""Where a base that a card names may be read. A card is untrusted: it leads beside the subject or to the Hub alone."""

from __future__ import annotations

import re
from pathlib import Path

from lineage_audit.checkpoint.card.naming import without_address
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.claims.names import HUB_ID
from lineage_audit.errors import UnresolvedReferenceError

_SIBLING = re.compile(r"(?:\.\.?/)?([A-Za-z0-9][\w.-]{0,95})/?", re.ASCII)


def resolve_declared(declared: str, beside: Path | None) -> Path | str | None:
    """Where a declared base is: a folder beside the subject's, or a Hub id; None if neither.

    A link is not followed, and no path but a plain name is.

    Args:
        declared: the base as the card names it.
        beside: the subject's folder, or None for a subject that is not local.
    """
    plain = _SIBLING.fullmatch(declared)
    if beside is not None and plain is not None:
        sibling = beside.parent / plain[1]
        if sibling.is_dir() and not sibling.is_symlink():
            return sibling
    name = without_address(declared).strip("/")
    return name if HUB_ID.fullmatch(name) else None


def open_declared(declared: str, beside: Path | None) -> Source:
    """Open a declared base; a Hub id is never looked for in the working directory.

    Raises:
        UnresolvedReferenceError: it is neither beside the subject nor on the Hub, or cannot be fetched.
    """
    found = resolve_declared(declared, beside)
    if isinstance(found, Path):
        return open_folder(str(found))
    if found is None:
        raise UnresolvedReferenceError(
            f"{declared}: is no Hub id, and no folder beside the subject; name the base as org/name in the card"
        )
    from lineage_audit.checkpoint.source.hub import open_hub

    return open_hub(found)
