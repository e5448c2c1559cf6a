"""What a long comparison tells of itself while it runs; the command line shows it on stderr."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far the reading of weights has come, in elements of each model."""

    def begin(self, total: int, what: str) -> None:
        """A pass over ``total`` elements begins."""
        ...

    def advance(self, elements: int, what: str) -> None:
        """Some elements are done; ``what`` is the tensor's name, as the repository gives it."""
        ...


class NoProgress:
    """Says nothing."""

    def begin(self, total: int, what: str) -> None:
        """Ignore it."""

    def advance(self, elements: int, what: str) -> None:
        """Ignore it."""
