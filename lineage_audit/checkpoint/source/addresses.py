"""References that are addresses, ``scheme://...``: where each leads, and how much of one may be printed."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.errors import UnresolvedReferenceError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.*", re.DOTALL)


def is_address(ref: str) -> bool:
    """Tell whether a reference has a scheme before ``://``."""
    return _ADDRESS.fullmatch(ref) is not None


def shown_address(ref: str) -> str:
    """A reference as it may be printed: of an address, no name, password, signature or token that stands in it."""
    if not is_address(ref):
        return ref
    scheme, _, rest = ref.partition("://")
    place = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def open_address(ref: str) -> Source:
    """Open what an address leads to.

    Raises:
        UnresolvedReferenceError: it leads nowhere, or a library for its scheme is missing; says what to do.
    """
    shown = shown_address(ref)
    if "::" in ref or not ref.isprintable():
        raise UnresolvedReferenceError(f"{shown}: chained addresses are not read; give the address of the model itself")
    scheme, _, rest = ref.partition("://")
    scheme = scheme.lower()
    if scheme == "hf":
        from lineage_audit.checkpoint.source.hub import open_hub

        return open_hub(rest.strip("/").removeprefix("models/"))
    if scheme == "file":
        return open_folder(str(Path(unquote(urlsplit(ref).path))))
    if scheme in ("http", "https"):
        from lineage_audit.checkpoint.source.web import open_web

        return open_web(ref)
    from lineage_audit.checkpoint.source.cloud import open_cloud

    return open_cloud(ref)
