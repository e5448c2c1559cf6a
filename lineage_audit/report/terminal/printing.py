"""What the terminal's printers write, as plain text: no colour, no terminal, whatever the environment says."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Any, Protocol

from rich.console import Console

_PLAIN_WIDTH = 100


class Printer(Protocol):
    """Prints one result, or a part of it, on a console."""

    def __call__(self, result: Any, /, *, console: Console) -> None:
        """Print it."""
        ...


def printed(result: object, printers: Iterable[Printer]) -> str:
    """The text of some printers, one after another."""
    written = StringIO()
    console = Console(file=written, width=_PLAIN_WIDTH, color_system=None, force_terminal=False, legacy_windows=False)
    for print_on in printers:
        print_on(result, console=console)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())
