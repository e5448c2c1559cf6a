"""Consoles for tests: plain at any width and encoding, or coloured like a terminal."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from typing import Any

from rich.console import Console

Printer = Callable[..., None]


def plain(printer: Printer, value: Any, *, width: int) -> str:
    """What a printer writes to a file that is no terminal, without the padding of lines."""
    written = StringIO()
    console = Console(file=written, width=width, color_system=None, legacy_windows=False, _environ={})
    printer(value, console=console)
    return "".join(f"{line.rstrip()}\n" for line in written.getvalue().split("\n")[:-1])


def in_ascii(printer: Printer, value: Any) -> bytes:
    """What a printer writes to a console that can show ASCII only."""
    written = BytesIO()
    stream = TextIOWrapper(written, encoding="ascii", newline="\n")
    printer(value, console=Console(file=stream, width=100, color_system=None, legacy_windows=False))
    stream.flush()
    return written.getvalue()


def coloured(printer: Printer, value: Any, **environment: str) -> str:
    """What a printer writes to a terminal with true colour under these environment variables."""
    written = StringIO()
    console = Console(
        file=written,
        width=100,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        _environ=environment,
    )
    printer(value, console=console)
    return written.getvalue()
