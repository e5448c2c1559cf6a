"""The address of an endpoint: ``https://host/v1#model``, and the key that belongs to its host."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from lineage_audit.errors import UnresolvedReferenceError

_KEY_PREFIX = "LINEAGE_AUDIT_KEY_"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_NO_WORD = re.compile(r"[^A-Z0-9]+")


class Address(Struct, frozen=True):
    """Where an endpoint is.

    Attributes:
        base: everything before ``/completions``, without a slash at its end.
        model: what the endpoint calls the model.
        host: the host, which names its key.
        is_secret: whether nobody on the way can read what is sent.
    """

    base: str
    model: str
    host: str
    is_secret: bool

    @property
    def key_name(self) -> str:
        """The variable that holds the key for this host and for no other."""
        return _KEY_PREFIX + _NO_WORD.sub("_", self.host.upper())

    def headers(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """What goes with every request; the key only where there is one for this host.

        Raises:
            UnresolvedReferenceError: the key would travel where others can read it, or is none.
        """
        key = environment.get(self.key_name, "").strip()
        if not key:
            return {}
        if not self.is_secret:
            raise UnresolvedReferenceError(f"{self.base}: {self.key_name} is not sent without https")
        if not (key.isascii() and key.isprintable()):
            raise UnresolvedReferenceError(f"{self.key_name}: holds characters that no key has")
        return {"Authorization": f"Bearer {key}"}


def is_endpoint(ref: str) -> bool:
    """Tell whether a reference names an endpoint: an address of the web with a model behind ``#``."""
    return ref.startswith(("https://", "http://")) and "#" in ref


def address_of(ref: str) -> Address:
    """Take a reference apart.

    Raises:
        UnresolvedReferenceError: it is no address of an endpoint, or holds a password or a key.
    """
    try:
        parts = urlsplit(ref)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
        parts = urlsplit("")
    if not host or not parts.fragment:
        raise UnresolvedReferenceError("an endpoint is named as https://host/v1#model")
    if parts.username is not None or parts.password is not None or parts.query:
        raise UnresolvedReferenceError(
            f"{host}: an address holds no password and no query; keys stand in {_KEY_PREFIX}<HOST>"
        )
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return Address(base, parts.fragment, host, parts.scheme == "https" or host in _HERE)
