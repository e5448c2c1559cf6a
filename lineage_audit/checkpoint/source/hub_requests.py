"""Byte ranges of Hub files over HTTP, with the library's own session, tried again when that may help.

The first read of a file follows the Hub's redirect to where the bytes are and remembers the place, so that later
reads go there directly. The token is sent to the Hub alone: the HTTP client drops it on a redirect to another
origin, and here it is left out when such a place is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from lineage_audit.checkpoint.source.answers import SLOWEST, TIMEOUT, TransientError, read_patiently, take
from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.source.hub_environment import request_headers
from lineage_audit.checkpoint.source.hub_refusals import (
    TRANSIENT_STATUS,
    refusal,
    seconds_to_wait,
    unreachable,
)
from lineage_audit.errors import UnreadableFileError


class HubCommit(Struct, frozen=True):
    """One commit of a repository on a Hub.

    Attributes:
        ref: the reference as the user gave it.
        name: ``org/name``.
        commit: the commit.
        endpoint: the Hub's address.
    """

    ref: str
    name: str
    commit: str
    endpoint: str


class RangeRequests:
    """Reads byte ranges of one repository's files; safe to use from several threads."""

    def __init__(self, repository: HubCommit, sizes: Mapping[str, int]) -> None:
        self._repository = repository
        self._sizes = sizes
        self._headers = request_headers()
        self._places: dict[str, str] = {}

    def read(self, wanted: ByteRange) -> bytes:
        """Read one range.

        Raises:
            UnresolvedReferenceError: the Hub does not give the file: gated, gone, rate-limited, no network.
            UnreadableFileError: the host sends something else than what was asked for.
        """
        slow = UnreadableFileError(
            f"{wanted.file}: its host sends fewer than {SLOWEST:,} bytes a second; try again later, or fetch the "
            f"model first: hf download {self._repository.name} --revision {self._repository.commit}"
        )
        return read_patiently(wanted, slow, lambda: self._request(wanted, slow))

    def _request(self, wanted: ByteRange, slow: UnreadableFileError) -> bytes:
        """Send one request and take the bytes of its answer."""
        from huggingface_hub.errors import HTTPError
        from huggingface_hub.utils import get_session

        remembered = self._places.get(wanted.file)
        url = remembered or self._resolve_url(wanted.file)
        headers = {
            **(self._headers if _same_origin(url, self._repository.endpoint) else _without_token(self._headers)),
            "Range": f"bytes={wanted.start}-{wanted.stop - 1}",
            "Accept-Encoding": "identity",
        }
        try:
            with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as answer:
                if answer.status_code >= 400:
                    raise self._refused(wanted, answer, is_remembered=remembered is not None)
                data = self._take(wanted, answer, slow)
                self._places[wanted.file] = str(answer.url)
                return data
        except (HTTPError, OSError):
            raise TransientError(unreachable(self._repository.ref, url)) from None

    def _resolve_url(self, file: str) -> str:
        from huggingface_hub import hf_hub_url

        repository = self._repository
        return str(hf_hub_url(repository.name, file, revision=repository.commit, endpoint=repository.endpoint))

    def _refused(self, wanted: ByteRange, answer: Any, *, is_remembered: bool) -> Exception:
        """What to raise for an error status; a remembered place may have expired and is then forgotten."""
        status = answer.status_code
        if status == 416:
            return UnreadableFileError(f"{wanted.file}: is shorter than the Hub lists it; give a commit to be sure")
        repository = self._repository
        error = refusal(repository.ref, repository.name, repository.endpoint, status, answer.headers)
        if is_remembered and status in (400, 401, 403, 404, 410):
            self._places.pop(wanted.file, None)
            return TransientError(error, wait=0.0)
        if status in TRANSIENT_STATUS:
            return TransientError(error, seconds_to_wait(answer.headers))
        return error

    def _take(self, wanted: ByteRange, answer: Any, slow: UnreadableFileError) -> bytes:
        """The bytes of an answer that says that it holds what was asked for."""
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise self._no_ranges(wanted)
        if answer.status_code == 206:
            total = self._sizes[wanted.file]
            said = answer.headers.get("Content-Range", "").lower()
            if said not in (f"bytes {wanted.start}-{wanted.stop - 1}/{size}" for size in (total, "*")):
                raise UnreadableFileError(f"{wanted.file}: its host sends other bytes than asked for; try again later")
        elif answer.status_code != 200 or wanted.start > 0:
            raise self._no_ranges(wanted)
        return take(wanted, answer, slow)

    def _no_ranges(self, wanted: ByteRange) -> UnreadableFileError:
        return UnreadableFileError(
            f"{wanted.file}: its host does not serve byte ranges; fetch the model first: "
            f"hf download {self._repository.name} --revision {self._repository.commit}"
        )


def _without_token(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _same_origin(url: str, endpoint: str) -> bool:
    return urlsplit(url)[:2] == urlsplit(endpoint)[:2]
