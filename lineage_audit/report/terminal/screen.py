"""A result as something that rich prints, at the width and in the colours of whichever console prints it."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Literal

from rich.console import Console, ConsoleOptions
from rich.text import Text

from lineage_audit.report.terminal.first_screens import FIRST_SCREENS
from lineage_audit.results import Result


class Screen:
    """The first screen of a result."""

    def __init__(self, result: Result) -> None:
        self._result = result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Print on a console of the same kind, and hand over what came of it."""
        written = StringIO()
        colours: Literal["truecolor"] | None = None if console.color_system is None else "truecolor"
        inner = Console(
            file=written, width=options.max_width, force_terminal=console.is_terminal, color_system=colours,
            legacy_windows=False,
        )  # fmt: skip
        FIRST_SCREENS[type(self._result)](self._result, console=inner)
        yield Text.from_ansi(written.getvalue().rstrip("\n"))
