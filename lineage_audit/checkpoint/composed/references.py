"""``BASE+ADAPTER``: where one reference ends and the next begins."""

from __future__ import annotations

import os
import re

from lineage_audit.checkpoint.source.addresses import shown_address
from lineage_audit.errors import UnresolvedReferenceError

_LONGEST = 16
"""Most references in one."""

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9.-]*:.+", re.DOTALL)


def split_reference(ref: str) -> tuple[str, ...]:
    """Split at every ``+`` after which a reference of its own begins.

    A path that exists stays whole, whatever its name, and so does a Hub revision with a ``+`` in it.

    Raises:
        UnresolvedReferenceError: nothing stands on one side of a ``+``, or there are far too many.
    """
    if "+" not in ref or _exists(ref):
        return (ref,)
    pieces = ref.split("+")
    if len(pieces) > 4 * _LONGEST:
        raise UnresolvedReferenceError(f"{shown_address(ref)[:80]}: has too many + for BASE+ADAPTER")
    parts = [pieces[0]]
    position = 1
    while position < len(pieces):
        taken = _taken(parts[-1], pieces[position:])
        if taken:
            parts[-1] = "+".join([parts[-1], *pieces[position : position + taken]])
            position += taken
        elif _begins_one(pieces, position):
            parts.append(pieces[position])
            position += 1
        else:
            parts[-1] += "+" + pieces[position]
            position += 1
    if not all(parts):
        raise UnresolvedReferenceError(f"{shown_address(ref)}: nothing stands on one side of the +; give BASE+ADAPTER")
    return tuple(parts)


def _taken(start: str, following: list[str]) -> int:
    """How many of the following pieces make a path that exists together with the start; the longest wins."""
    for count in range(len(following), 0, -1):
        if _exists("+".join([start, *following[:count]])):
            return count
    return 0


def _begins_one(pieces: list[str], position: int) -> bool:
    """Tell whether a piece, alone or with those after it, is a path, a Hub id or an address."""
    piece = pieces[position]
    if not piece or piece.startswith((".", "/", "~")) or _HUB_ID.fullmatch(piece) or _SCHEME.fullmatch(piece):
        return True
    return any(_exists("+".join(pieces[position:stop])) for stop in range(position + 1, len(pieces) + 1))


def _exists(path: str) -> bool:
    try:
        return bool(path) and os.path.lexists(os.path.expanduser(path))  # noqa: PTH111 - a path may be no path at all
    except ValueError:
        return False
