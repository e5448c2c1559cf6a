"""What a repository says of itself: licence, base models, origin. Words, not weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Literal

from msgspec import Struct

ClaimKind = Literal[
    "license",
    "license_name",
    "license_link",
    "license_text",
    "base_model",
    "base_model_relation",
    "from_scratch",
    "derived_from",
]
Standing = Literal[
    "front matter", "prose", "configuration", "adapter", "recipe", "licence file", "weight file", "policy"
]
"""Where a claim stands, and so what it is worth: declared in the front matter, said in a sentence, left by a tool."""


class Claim(Struct, frozen=True):
    """One statement and the place it was read from.

    Attributes:
        kind: what is claimed.
        value: the claim itself: a licence id, a model's name, a relation, or the sentence quoted.
        file: file inside the repository.
        line: line in that file counted from 1, or None where the file has no lines.
        field: key in that file (``_name_or_path``, ``base_model``), or None for prose.
        standing: where it stands.
        quote: the sentence, for a model that prose names.
    """

    kind: ClaimKind
    value: str
    file: str
    line: int | None = None
    field: str | None = None
    standing: Standing = "front matter"
    quote: str | None = None


class Unread(Struct, frozen=True):
    """A statement that is there and could not be read: never the same as one that was not made.

    Attributes:
        file: file inside the repository.
        line: line in that file counted from 1.
        part: what could not be read: ``front matter``, or a key of it.
        reason: what is wrong with it, as the end of a sentence.
    """

    file: str
    line: int
    part: str
    reason: str


OF_PROSE: frozenset[ClaimKind] = frozenset({"from_scratch", "derived_from"})
"""What only sentences claim."""

ProseReader = Callable[[frozenset[ClaimKind]], tuple[Claim, ...]]
"""Reads what a card's sentences claim of some kinds."""


def _no_prose(kinds: frozenset[ClaimKind]) -> tuple[Claim, ...]:  # noqa: ARG001
    return ()


class Claims(Struct, frozen=True, eq=False, dict=True):
    """Everything a repository claims.

    Attributes:
        stated: what stands under keys and in files of its own, in the order files were read.
        unread: what the card states in a form that could not be read.
        prose: reads what the card's sentences claim. A grammar is slow to set up: whoever asks for labels never waits,
            and whoever asks for one kind of claim waits for that part of it.
    """

    stated: tuple[Claim, ...] = ()
    unread: tuple[Unread, ...] = ()
    prose: ProseReader = _no_prose

    def __eq__(self, other: object) -> bool:
        """Whether another repository states the same."""
        return isinstance(other, Claims) and (self.stated, self.unread) == (other.stated, other.unread)

    def __hash__(self) -> int:
        return hash((self.stated, self.unread))

    @cached_property
    def items(self) -> tuple[Claim, ...]:
        """The claims, those of the card's sentences after those of its front matter."""
        return self._with_prose(OF_PROSE)

    def of(self, kind: ClaimKind) -> tuple[Claim, ...]:
        """The claims of one kind."""
        claims = self._with_prose(frozenset({kind})) if kind in OF_PROSE else self.stated
        return tuple(claim for claim in claims if claim.kind == kind)

    def _with_prose(self, kinds: frozenset[ClaimKind]) -> tuple[Claim, ...]:
        first = [claim for claim in self.stated if claim.standing == "front matter"]
        return (*first, *self.prose(kinds), *(claim for claim in self.stated if claim.standing != "front matter"))
