"""Where a model's files come from: a reference becomes named byte ranges."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lineage_audit.checkpoint.source.addresses import is_address, shown_address
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.source.folder import open_folder
from lineage_audit.errors import UnresolvedReferenceError

_MOST_ENTRIES = 10_000
_NEAR = 0.85
"""How alike two names are, as difflib measures it, where one is taken for a slip of the other."""

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


def _meant_here(ref: str) -> str | None:
    """What a path that leads nowhere was probably meant to be, as words; None where it looks like no path.

    A reference whose first part is a folder here, or nearly so, is a mistyped path: it does not leave the machine.
    """
    first, _, rest = ref.partition("/")
    here = _near(first, Path())
    if not rest or here is None:
        return None
    inside = _near(rest.split("/")[0], Path(here)) if Path(here).is_dir() else None
    meant = "/".join(filter(None, (here, inside, *rest.split("/")[1:]))) if inside else here if here != first else ""
    return f"; did you mean {meant}?" if meant else ""


def _near(name: str, folder: Path) -> str | None:
    """The entry of a folder that has this name, or a name like it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())[:_MOST_ENTRIES]
    except OSError:
        return None
    if name in names:
        return name
    return next(iter(get_close_matches(name, names, n=1, cutoff=_NEAR)), None)


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
        return _open_address(ref)
    if ref.startswith("ollama:"):
        from lineage_audit.checkpoint.source.ollama import open_ollama

        return open_ollama(ref)
    if (meant := _meant_here(ref)) is not None:
        raise UnresolvedReferenceError(f"{ref}: no such file or folder here, nothing was asked of the network{meant}")
    if _HUB_ID.fullmatch(ref):
        from lineage_audit.checkpoint.source.hub import open_hub

        return open_hub(ref)
    raise UnresolvedReferenceError(
        f"{ref}: no such file or folder, and not a Hub id; give a path or org/name[@revision]"
    )


def _open_address(ref: str) -> Source:
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
