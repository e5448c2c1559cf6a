"""One command in a process of its own: how long it took, how much processor time, and the most memory it held."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took.

    Attributes:
        seconds: wall time.
        processor: processor time of all its threads, in seconds.
        peak: largest resident memory, in bytes.
        code: exit code.
    """

    seconds: float
    processor: float
    peak: int
    code: int


def run(command: Sequence[str], limit: float | None = None) -> Run:
    """Run a command to its end, or for as many seconds as it may take, its output thrown away.

    The caller must be small: a child's peak begins with the memory that it was born with.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, descriptor) for descriptor in (1, 2)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], list(command), os.environ, file_actions=actions)
    timer = threading.Timer(limit, os.kill, (child, signal.SIGKILL)) if limit else None
    try:
        if timer:
            timer.start()
        _, status, usage = os.wait4(child, 0)
    except KeyboardInterrupt:
        os.kill(child, 9)
        os.waitpid(child, 0)
        raise
    finally:
        os.close(nowhere)
        if timer:
            timer.cancel()
    seconds = time.perf_counter() - started
    kilo = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilo, os.waitstatus_to_exitcode(status))


def python(*arguments: str, limit: float | None = None) -> Run:
    """Run this Python with some arguments."""
    return run([sys.executable, *arguments], limit)


def compare(a: str, b: str, effort: str, *more: str) -> Run:
    """Run the command line's comparison."""
    return python("-m", "lineage_audit", "compare", a, b, "--effort", effort, "--quiet", *more)


def load() -> str:
    """How busy the machine is."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())
