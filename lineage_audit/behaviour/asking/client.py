"""One POST after another to one host, by urllib3: time-outs, retries with growing pauses, the host's rate limits.

No redirect is followed, so that a key goes nowhere else; an answer's size and nesting are bounded before it is read;
nothing that a host says reaches a message but the number of its status.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lineage_audit.behaviour.asking.endpoint_address import Address
from lineage_audit.checkpoint.bounded_json import parse_json_object
from lineage_audit.errors import LineageAuditError, UnreadableFileError

if TYPE_CHECKING:
    from urllib3 import PoolManager

LARGEST_ANSWER = 16 * 2**20
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 180.0
_TRIES = 6
_PAUSE, _LONGEST_PAUSE = 1.0, 120
_AGAIN = (408, 429, 500, 502, 503, 504)


class RefusedError(LineageAuditError):
    """The endpoint understood and will not answer: a status of 400 to 499."""


class Client:
    """Asks one endpoint."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._headers = address.headers()
        self._pool = _pool()
        self.requests = 0

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, object]:
        """Send one request and give the object that comes back.

        Raises:
            RefusedError: the endpoint refuses the request.
            LineageAuditError: it cannot be reached, or what it answers cannot be read.
        """
        import urllib3

        self.requests += 1
        url = f"{self.address.base}{path}"
        try:
            response = self._pool.request(
                "POST", url, json=dict(body), headers=self._headers, redirect=False, preload_content=False
            )
            try:
                data = response.read(LARGEST_ANSWER + 1, decode_content=True)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise LineageAuditError(
                f"{self.address.base}: no answer ({type(error).__name__}, {_TRIES} tries); what was answered before is "
                "kept with --answers"
            ) from None
        return _document(self.address, response.status, data)


def _pool() -> PoolManager:
    try:
        import urllib3
    except ModuleNotFoundError:
        raise LineageAuditError(
            "urllib3 is needed to ask an endpoint: pip install 'lineage-audit[behaviour]'"
        ) from None
    retries = urllib3.Retry(
        total=_TRIES,
        redirect=False,
        status_forcelist=_AGAIN,
        allowed_methods=None,
        backoff_factor=_PAUSE,
        backoff_max=_LONGEST_PAUSE,
        backoff_jitter=_PAUSE / 2,
        retry_after_max=_LONGEST_PAUSE,
        raise_on_status=False,
    )
    return urllib3.PoolManager(
        retries=retries, timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS), maxsize=1
    )


def _document(address: Address, status: int, data: bytes) -> dict[str, object]:
    if status in (401, 403):
        wanted = f"it wants a key in {address.key_name}, or refuses the one that is there"
        raise LineageAuditError(f"{address.base}: {wanted} (status {status})")
    if 400 <= status < 500 and status not in _AGAIN:
        raise RefusedError(f"{address.base}: refuses what was asked (status {status} {_named(status)})")
    if status != HTTPStatus.OK:
        raise LineageAuditError(f"{address.base}: status {status} {_named(status)}; try again later")
    if len(data) > LARGEST_ANSWER:
        raise UnreadableFileError(f"{address.base}: an answer of more than {LARGEST_ANSWER:,} bytes is not read")
    return parse_json_object(data, address.base)


def _named(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown"
