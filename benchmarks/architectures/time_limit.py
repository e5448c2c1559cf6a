"""A limit on the processor time of one model type, so that a type that does not become small holds up no sweep."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.architectures.models import NotBuiltError


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what runs inside after so many seconds of processor time.

    Raises:
        NotBuiltError: it took longer.
    """

    def end(*_: object) -> None:
        raise NotBuiltError(f"took more than {seconds:.0f} s of processor time")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
