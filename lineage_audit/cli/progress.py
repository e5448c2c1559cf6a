"""Progress on stderr: what is being read, how much, how fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineage_audit.comparison.progress import NoProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_WORTH_A_BAR = 100_000_000
"""Bytes of both models from which a pass is long enough to wait for."""


class _Bar:
    """One bar at a time, for passes that take a while, with bytes and rate; it pulses while there is no total."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None
        self._is_long = False

    def begin(self, total: int, what: str) -> None:
        """Begin a pass; one whose length is not known is shown only after a long one."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None
        self._is_long = self._is_long or total >= _WORTH_A_BAR
        if not self._is_long or 0 < total < _WORTH_A_BAR:
            return
        self._bars.start()
        self._task = self._bars.add_task(what, total=total or None)

    def advance(self, read: int, what: str) -> None:  # noqa: ARG002 - names stay out of a moving line
        """Move on."""
        if self._task is not None:
            self._bars.advance(self._task, read)


@contextmanager
def progress_on_stderr(quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr where that is a terminal, and nothing otherwise."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield NoProgress()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    try:
        yield _Bar(bars)
    finally:
        bars.stop()
