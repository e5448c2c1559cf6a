"""What a case is: a repository to write, and what is right to find in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Part = Literal["held-out", "published", "cards", "families", "relations", "honest", "dishonest"]


@dataclass(frozen=True, slots=True)
class Written:
    """A repository on disk.

    Attributes:
        subject: what is checked.
        references: what it is held against, besides what its card declares.
        earlier: the same, known to be older.
        named: which declared base a folder is, as ``org/name``.
    """

    subject: Path
    references: tuple[Path, ...] = ()
    earlier: tuple[Path, ...] = ()
    named: Mapping[str, Path] = field(default_factory=dict)

    @property
    def given(self) -> list[str]:
        """The references as they are given to ``check``."""
        return [*map(str, self.references), *(f"{name}={folder}" for name, folder in self.named.items())]


@dataclass(frozen=True, slots=True)
class Case:
    """One repository with known truth.

    Attributes:
        name: unique within its part.
        part: what it is counted under.
        write: writes the repository and its references into an empty folder.
        findings: what is right to find, as ``LA101 note``; nothing else is.
        bases: the base models that the card's words name, as linked or else as written; None where not at issue.
        scratch: whether the card claims training from scratch; None where not at issue.
    """

    name: str
    part: Part
    write: Callable[[Path], Written]
    findings: frozenset[str]
    bases: frozenset[str] | None = None
    scratch: bool | None = None
