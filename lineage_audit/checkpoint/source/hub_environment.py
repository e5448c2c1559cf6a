"""What the environment says about the Hub: its address, the token, the cache, and whether to go online.

The variables are those of ``huggingface_hub`` and are read when they are needed, not when the library is imported.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from lineage_audit.errors import UnresolvedReferenceError

_TRUE = {"1", "ON", "YES", "TRUE"}


def hub_endpoint() -> str:
    """Address of the Hub: ``HF_ENDPOINT``, or the public one; without a slash at the end.

    Raises:
        UnresolvedReferenceError: ``HF_ENDPOINT`` is not an address.
    """
    from huggingface_hub import constants

    endpoint = (os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)).rstrip("/")
    try:
        address = urlsplit(endpoint)
        is_address = address.scheme in ("http", "https") and bool(address.hostname) and (address.port or 1) > 0
    except ValueError:
        is_address = False
    if not is_address:
        raise UnresolvedReferenceError("HF_ENDPOINT is not an address; set it to https://huggingface.co, or unset it")
    return endpoint


def is_offline() -> bool:
    """Tell whether ``HF_HUB_OFFLINE`` forbids the network."""
    from huggingface_hub import constants

    said = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return said.upper() in _TRUE or bool(constants.HF_HUB_OFFLINE)


def cache_folder() -> Path:
    """The Hub cache: ``HF_HUB_CACHE``, ``HF_HOME/hub``, or the library's default."""
    from huggingface_hub import constants

    said = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if not said and os.environ.get("HF_HOME"):
        said = os.path.join(os.environ["HF_HOME"], "hub")  # noqa: PTH118
    return Path(os.path.expandvars(said or str(constants.HF_HUB_CACHE))).expanduser()


def request_headers() -> dict[str, str]:
    """Headers of a request to the Hub; they hold the token, if there is one.

    Raises:
        UnresolvedReferenceError: the token has characters that cannot be sent.
    """
    from huggingface_hub.utils import build_hf_headers

    headers: dict[str, str] = build_hf_headers(library_name="lineage-audit")
    token = headers.get("authorization", "")
    if not token.isascii() or not token.isprintable():
        raise UnresolvedReferenceError("HF_TOKEN has characters that no token has; set it again")
    return headers
