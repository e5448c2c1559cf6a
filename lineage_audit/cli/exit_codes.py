"""What the process returns; the same for every command. Errors outrank findings."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of all commands."""

    PASSED = 0
    FINDING = 1
    ERROR = 2
    INCONCLUSIVE = 3
    INTERRUPTED = 130
