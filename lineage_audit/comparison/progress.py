"""What a long comparison tells of itself while it runs; the command line shows it on stderr."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far each step has come: stored bytes of both models while weights are read, layers in the search."""

    def begin(self, total: int, what: str) -> None:
        """A step begins that takes ``total`` bytes or layers; 0 where that is not known beforehand."""
        ...

    def advance(self, read: int, what: str) -> None:
        """Some of it is done; ``what`` is the tensor's name, as the repository gives it, or the layer."""
        ...


class NoProgress:
    """Says nothing."""

    def begin(self, total: int, what: str) -> None:
        """Ignore it."""

    def advance(self, read: int, what: str) -> None:
        """Ignore it."""
