"""References that are addresses, ``scheme://...``, and how much of one may be printed."""

from __future__ import annotations

import re

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
