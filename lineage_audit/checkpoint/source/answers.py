"""Answers over HTTP: asked for again where that may help, taken as far as asked, waited for within bounds.

A host may drop the connection, send more than was asked for, or a byte now and then without end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lineage_audit.checkpoint.source.base import ByteRange
from lineage_audit.errors import LineageAuditError, UnreadableFileError

TRIES = 5
FIRST_WAIT = 0.5
"""Seconds before the second try; doubled each time."""

_PATIENCE = 60.0
"""Longest wait, in seconds, that a host may ask for before it is an error."""

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as dropped."""

SLOWEST = 4 * 2**10
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


def read_patiently(wanted: ByteRange, slow: LineageAuditError, request: Callable[[], bytes]) -> bytes:
    """Call ``request`` for a range: again where that may help, and no longer than the slowest host may take.

    Raises:
        LineageAuditError: ``slow``, when the time is over; otherwise as ``request`` raises in the end.
    """
    seconds = 2 * TIMEOUT + (wanted.stop - wanted.start) / SLOWEST
    return with_retries(lambda: within(seconds, request, slow))


def take(wanted: ByteRange, answer: Any, slow: LineageAuditError) -> bytes:
    """Take the bytes asked for, and never more, out of an answer that keeps coming.

    Raises:
        LineageAuditError: ``slow``, where the host sends too few bytes a second.
        TransientError: the answer ends too soon.
    """
    length = wanted.stop - wanted.start
    data, since, before, is_all = bytearray(), time.monotonic(), 0, _ends_after(answer.headers, length)
    for chunk in answer.iter_raw():
        data += chunk[: length - len(data)]
        if len(data) == length and not is_all:
            break
        if time.monotonic() - since > TIMEOUT:
            if len(data) - before < SLOWEST * TIMEOUT:
                raise slow
            since, before = time.monotonic(), len(data)
    if len(data) == length:
        return bytes(data)
    raise TransientError(
        UnreadableFileError(f"{wanted.file}: its host sends {len(data):,} bytes of {length:,}; try again later")
    )


def _ends_after(headers: Mapping[str, str], length: int) -> bool:
    """Tell whether an answer ends with the bytes asked for; read to its end then, it leaves its connection open."""
    return headers.get("Content-Length") == str(length)
