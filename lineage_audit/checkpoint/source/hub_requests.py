"""Byte ranges of Hub files over HTTP, with the library's own session, tried again when that may help.

The first read of a file follows the Hub's redirect to where the bytes are and remembers the place, so that later
reads go there directly. The token is sent to the Hub alone: the HTTP client drops it on a redirect to another
origin, and here it is left out when such a place is read again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.checkpoint.source.hub_environment import request_headers
from lineage_audit.checkpoint.source.hub_refusals import (
    TRANSIENT_STATUS,
    refusal,
    seconds_to_wait,
    unreachable,
)
from lineage_audit.errors import LineageAuditError, UnreadableFileError

TRIES = 5
FIRST_WAIT = 0.5
"""Seconds before the second try; doubled each time."""

_PATIENCE = 60.0
"""Longest wait, in seconds, that the Hub may ask for before it is an error."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as dropped."""

_SLOWEST = 4 * 2**10
"""Bytes a second below which a host that keeps sending counts as stuck."""

_Result = TypeVar("_Result")


class TransientError(Exception):
    """Something that may work the next time.

    Attributes:
        final: what to raise when it did not.
        wait: seconds that the host asks to wait, or None.
    """

    def __init__(self, final: LineageAuditError, wait: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait


def with_retries(attempt: Callable[[], _Result]) -> _Result:
    """Call ``attempt`` until it raises no TransientError, a few times at most, with growing pauses."""
    pause = FIRST_WAIT
    for tried in range(1, TRIES + 1):
        try:
            return attempt()
        except TransientError as error:
            asked = error.wait if error.wait is not None else pause
            if tried == TRIES or asked > _PATIENCE:
                raise error.final from None
            time.sleep(asked)
            pause *= 2
    raise AssertionError("unreachable")


def within(seconds: float, attempt: Callable[[], _Result], otherwise: LineageAuditError) -> _Result:
    """Call ``attempt`` in a thread of its own and wait for it no longer than this.

    A read timeout starts anew with every byte, so that a host which sends one now and then could hold us forever. The
    thread is left behind then; it ends with the process.

    Raises:
        LineageAuditError: ``otherwise``, when the time is over.
    """
    outcome: list[_Result] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(attempt())
        except BaseException as error:
            failure.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise otherwise
    return outcome[0]


@dataclass(frozen=True, slots=True)
class HubCommit:
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
        size = wanted.stop - wanted.start
        slow = UnreadableFileError(
            f"{wanted.file}: its host sends fewer than {_SLOWEST:,} bytes a second; try again later, or fetch the "
            f"model first: hf download {self._repository.name} --revision {self._repository.commit}"
        )
        return with_retries(lambda: within(2 * TIMEOUT + size / _SLOWEST, lambda: self._request(wanted, slow), slow))

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
        """Take the bytes asked for, and never more, out of an answer that keeps coming."""
        length = wanted.stop - wanted.start
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise self._no_ranges(wanted)
        if answer.status_code == 206:
            total = self._sizes[wanted.file]
            said = answer.headers.get("Content-Range", "").lower()
            if said not in (f"bytes {wanted.start}-{wanted.stop - 1}/{size}" for size in (total, "*")):
                raise UnreadableFileError(f"{wanted.file}: its host sends other bytes than asked for; try again later")
        elif answer.status_code != 200 or wanted.start > 0:
            raise self._no_ranges(wanted)
        data, since, before, is_all = bytearray(), time.monotonic(), 0, ends_after(answer.headers, length)
        for chunk in answer.iter_raw():
            data += chunk[: length - len(data)]
            if len(data) == length and not is_all:
                break
            if time.monotonic() - since > TIMEOUT:
                if len(data) - before < _SLOWEST * TIMEOUT:
                    raise slow
                since, before = time.monotonic(), len(data)
        if len(data) == length:
            return bytes(data)
        raise TransientError(
            UnreadableFileError(f"{wanted.file}: its host sends {len(data):,} bytes of {length:,}; try again later")
        )

    def _no_ranges(self, wanted: ByteRange) -> UnreadableFileError:
        return UnreadableFileError(
            f"{wanted.file}: its host does not serve byte ranges; fetch the model first: "
            f"hf download {self._repository.name} --revision {self._repository.commit}"
        )


def ends_after(headers: Mapping[str, str], length: int) -> bool:
    """Tell whether an answer ends with the bytes asked for; read to its end then, it leaves its connection open."""
    return headers.get("Content-Length") == str(length)


def _without_token(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _same_origin(url: str, endpoint: str) -> bool:
    return urlsplit(url)[:2] == urlsplit(endpoint)[:2]
