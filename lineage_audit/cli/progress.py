"""Progress on stderr: what is being read, how much, how fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lineage_audit.comparison.progress import NoProgress, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

_ELEMENTS_WORTH_A_BAR = 50_000_000


class _Bar:
    """A bar that appears once a pass is long enough to wait for."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: int | None = None

    def begin(self, total: int, what: str) -> None:
        """Begin a pass."""
        if total < _ELEMENTS_WORTH_A_BAR:
            self._task = None
            return
        if not self._bars.live.is_started:
            self._bars.start()
        self._task = self._bars.add_task(what, total=total)

    def advance(self, elements: int, what: str) -> None:  # noqa: ARG002 - names stay out of a moving line
        """Move on."""
        if self._task is not None:
            self._bars.advance(self._task, elements)  # type: ignore[arg-type]


@contextmanager
def progress_on_stderr(quiet: bool) -> Iterator[Progress]:
    """Show progress on stderr where that is a terminal, and nothing otherwise."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield NoProgress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    try:
        yield _Bar(bars)
    finally:
        bars.stop()
