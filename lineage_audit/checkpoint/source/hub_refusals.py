"""What the Hub says when it gives nothing, each as one line that says what to do. No line holds a token."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from lineage_audit.errors import UnresolvedReferenceError

TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which trying again may help."""

_INVALID_TOKEN = "Invalid credentials in Authorization header"
_DISABLED = "Access to this resource is disabled."


def refusal(
    ref: str, repository: str, endpoint: str, status: int, headers: Mapping[str, str]
) -> UnresolvedReferenceError:
    """Say what an answer with an error status means.

    Args:
        ref: the reference as the user gave it.
        repository: ``org/name``.
        endpoint: the Hub's address.
        status: HTTP status.
        headers: the answer's headers, by any case if the mapping ignores case.
    """
    code, said = headers.get("X-Error-Code", ""), headers.get("X-Error-Message", "")
    host, endpoint = host_of(endpoint), _without_credentials(endpoint)
    if code == "GatedRepo":
        what = f"is gated: accept its licence on {endpoint}/{repository} and set HF_TOKEN"
    elif code == "RevisionNotFound":
        what = f"{host} has the repository, but not this revision; look at {endpoint}/{repository}/tree/main"
    elif code == "EntryNotFound":
        what = f"a file has vanished from {host}; give a commit as the revision"
    elif said == _INVALID_TOKEN:
        what = f"{host} does not accept the token; set a valid HF_TOKEN, or none"
    elif said == _DISABLED:
        what = f"has been disabled on {host}"
    elif status == 429:
        what = f"{host} limits the rate of requests{_when(headers)}; try again later, or set HF_TOKEN"
    elif code == "RepoNotFound" or status in (401, 404):
        what = f"no such model on {host}, or it is private; check the name, or set HF_TOKEN"
    elif status == 403:
        what = f"{host} does not let this token read it; set another HF_TOKEN"
    else:
        what = f"{host} answers with HTTP status {status}; try again later"
    return UnresolvedReferenceError(f"{ref}: {what}")


def host_of(url: str) -> str:
    """The host of an address, with its port where one is stated, and never with the name and password before it."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _without_credentials(url: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=host_of(url)).geturl()


def unreachable(ref: str, url: str) -> UnresolvedReferenceError:
    """Say that there is no network, or no such host."""
    host = host_of(url)
    return UnresolvedReferenceError(
        f"{ref}: {host} cannot be reached; check the network, or set HF_HUB_OFFLINE=1 to use what the cache holds"
    )


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long the Hub asks to wait: ``Retry-After``, or the reset time of its rate limit (``t=`` seconds)."""
    said = headers.get("Retry-After", "").strip()
    if not said:
        fields = [field.strip() for field in headers.get("RateLimit", "").split(";")]
        said = next((field[2:] for field in fields if "r=0" in fields and field.startswith("t=")), "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else None


def _when(headers: Mapping[str, str]) -> str:
    seconds = seconds_to_wait(headers)
    return "" if not seconds else f" for {seconds:.0f} more seconds"
