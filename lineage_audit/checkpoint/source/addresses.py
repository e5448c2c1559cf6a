"""References that are addresses, ``scheme://...``: the Hub, the web, this machine, or any store that fsspec knows."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.checkpoint.source.redaction import shown_address
from lineage_audit.errors import UnresolvedReferenceError


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
