"""Progress on stderr: what is being done, how much, how fast, how long it will take; as bars or as lines of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from lineage_audit.comparison.progress import Progress

ProgressStyle = Literal["auto", "bar", "json", "none"]
PROGRESS_STYLES: tuple[ProgressStyle, ...] = get_args(ProgressStyle)

_SECONDS_BETWEEN_LINES = 0.5


class _Bar:
    """One bar at a time; it pulses while there is no total."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID = bars.add_task("opening the models", total=None)

    def begin(self, total: int, what: str) -> None:
        """Begin a pass; a total of 0 is one that nobody knows."""
        self._bars.remove_task(self._task)
        self._task = self._bars.add_task(what, total=total or None)

    def advance(self, read: int, what: str) -> None:  # noqa: ARG002 - names stay out of a moving line
        """Move on."""
        self._bars.advance(self._task, read)


class _Lines:
    """One JSON object a line: ``begin`` with a total, ``advance`` with what is done at most twice a second, ``end``."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._begun = self._started
        self._said = 0.0
        self._what, self._total, self._done = "opening the models", 0, 0
        self._say("begin")

    def begin(self, total: int, what: str) -> None:
        """Tell that a pass begins."""
        self._what, self._total, self._done, self._begun = what, total, 0, time.monotonic()
        self._say("begin")

    def advance(self, read: int, what: str) -> None:  # noqa: ARG002 - a machine needs no tensor names
        """Tell how far it has come, unless that was told a moment ago."""
        self._done += read
        if time.monotonic() - self._said >= _SECONDS_BETWEEN_LINES:
            self._say("advance")

    def end(self) -> None:
        """Tell that nothing follows."""
        self._say("end")

    def _say(self, event: str) -> None:
        self._said = time.monotonic()
        line = {
            "event": event,
            "what": self._what,
            "done": self._done,
            "total": self._total or None,
            "seconds": round(self._said - self._started, 1),
            "seconds_left": self._seconds_left(),
        }
        print(json.dumps(line), file=sys.stderr, flush=True)

    def _seconds_left(self) -> float | None:
        if not self._total or not self._done:
            return None
        return round((self._said - self._begun) * max(0, self._total - self._done) / self._done, 1)


@contextmanager
def shown_progress(style: ProgressStyle) -> Iterator[Progress]:
    """Tell progress on stderr; ``auto`` is a bar where that is a terminal, and nothing otherwise."""
    if style == "json":
        lines = _Lines()
        yield lines
        lines.end()
    elif style == "bar" or (style == "auto" and sys.stderr.isatty()):
        with _bars() as bars:
            yield _Bar(bars)
    else:
        from lineage_audit.comparison.progress import NoProgress

        yield NoProgress()


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
