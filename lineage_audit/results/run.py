"""When, and by which command, a result was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a result came from.

    Attributes:
        date: when it ended, in UTC, as ``2026-01-31T09:30:00Z``.
        command: the words of the command line, or empty where it was called from Python.
        auditor: who ran it, where that was said.
    """

    date: str
    command: tuple[str, ...] = ()
    auditor: str | None = None
