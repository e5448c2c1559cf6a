"""What a long comparison tells of itself while it runs; the command line shows it on stderr."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far the reading of weights has come, in stored bytes of both models together."""

    def begin(self, total: int, what: str) -> None:
        """Something begins that passes over ``total`` bytes; 0 where that is not known beforehand."""
        ...

    def advance(self, read: int, what: str) -> None:
        """Some bytes are done; ``what`` is the tensor's name, as the repository gives it."""
        ...


class NoProgress:
    """Says nothing."""

    def begin(self, total: int, what: str) -> None:
        """Ignore it."""

    def advance(self, read: int, what: str) -> None:
        """Ignore it."""
