"""What a terminal renderer prints, as plain text: no colour, no terminal, whatever the environment says."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import TypeVar

PLAIN_WIDTH = 100

Result = TypeVar("Result")


def printed(result: Result, *renderers: Callable[..., None]) -> str:
    """The text of some renderers, each called as ``renderer(result, console=console)``."""
    from rich.console import Console

    written = StringIO()
    console = Console(file=written, width=PLAIN_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    for render in renderers:
        render(result, console=console)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())
