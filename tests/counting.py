"""What tests count in place of seconds: calls, requests at once; and a limit that only what hangs can reach."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PROCESSOR_SECONDS = 120.0
"""Far more than any test computes on the slowest machine."""


def calls_in(work: Callable[[], object]) -> int:
    """How many functions a piece of work calls: the same on every machine, however busy."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:  # noqa: ARG001 - what a profiler is given
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


@contextmanager
def ends() -> Iterator[None]:
    """Fail what would never end, and nothing else: the limit is of processor time, and wide."""

    def give_up(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is given
        raise AssertionError("it does not end")

    before = signal.signal(signal.SIGVTALRM, give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, PROCESSOR_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
