"""What a repository says of itself: licence, base models, origin. Words, not weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClaimKind = Literal[
    "license", "license_name", "license_link", "license_text", "base_model", "base_model_relation", "from_scratch"
]


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement and the place it was read from.

    Attributes:
        kind: what is claimed.
        value: the claim itself: a licence id, a repository id, a relation, or the sentence quoted.
        file: file inside the repository.
        line: line in that file counted from 1, or None where the file has no lines.
        field: key in that file (``_name_or_path``, ``base_model``), or None for prose.
    """

    kind: ClaimKind
    value: str
    file: str
    line: int | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything a repository claims, in the order files were read."""

    items: tuple[Claim, ...] = ()

    def of(self, kind: ClaimKind) -> tuple[Claim, ...]:
        """The claims of one kind."""
        return tuple(claim for claim in self.items if claim.kind == kind)
