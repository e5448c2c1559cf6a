"""What an auditor gives a check to hold the subject against, and what the auditor knows of it."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct, structs

from lineage_audit.claims.policy import Policy
from lineage_audit.results import ReferenceOrigin

_NAMED = re.compile(r"([A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?)=(.+)", re.ASCII | re.DOTALL)


class GivenReference(Struct, frozen=True):
    """A model to hold the subject against.

    Attributes:
        ref: where it is.
        name: the model that it is said to be, as a card would name it; None where ``ref`` says so itself.
        is_earlier: the auditor knows it to be older than the subject.
        is_base: the auditor knows it to be a common base: what is shared through it is left out elsewhere.
        released: the day on which it was released, by the policy.
        held_since: the day since which a library has held it, where that named it.
        origin: who gave it.
    """

    ref: str
    name: str | None = None
    is_earlier: bool = False
    is_base: bool = False
    released: datetime.date | None = None
    held_since: datetime.date | None = None
    origin: ReferenceOrigin = "given"

    def with_facts_of(self, other: GivenReference) -> GivenReference:
        """This reference, with what is stated of the same model where it was given again."""
        return structs.replace(
            self,
            is_earlier=self.is_earlier or other.is_earlier,
            is_base=self.is_base or other.is_base,
            released=self.released or other.released,
            held_since=self.held_since or other.held_since,
        )


def given_reference(text: str, *, is_earlier: bool = False, is_base: bool = False) -> GivenReference:
    """Read ``MODEL``, or ``NAME=MODEL``, which says which declared base a folder is."""
    named = None if os.path.lexists(text) else _NAMED.fullmatch(text)
    name, ref = (named[1], named[2]) if named else (None, text)
    return GivenReference(ref, name, is_earlier=is_earlier, is_base=is_base)


def given_references(
    references: Sequence[str], earlier: Sequence[str] = (), bases: Sequence[str] = ()
) -> tuple[GivenReference, ...]:
    """Everything given on the command line or in a call; what is known to be older comes first."""
    return (
        *(given_reference(text, is_earlier=True, is_base=True) for text in bases),
        *(given_reference(text, is_earlier=True) for text in earlier),
        *(given_reference(text) for text in references),
    )


def references_of(policy: Policy) -> Iterator[GivenReference]:
    """The references that a policy names."""
    for reference in policy.references:
        read = given_reference(reference.ref)
        ref = f"{read.ref}@{reference.revision}" if reference.revision else read.ref
        is_earlier = reference.is_earlier or reference.is_base
        yield GivenReference(ref, read.name, is_earlier, reference.is_base, reference.released, origin="policy")
