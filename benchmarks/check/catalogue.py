"""Every case of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.check.cards import card_cases
from benchmarks.check.case import Case
from benchmarks.check.families import family_cases
from benchmarks.check.relations import relation_cases
from benchmarks.check.repositories import repository_cases


def cases() -> Iterator[Case]:
    """All parts, the held-out half first."""
    yield from card_cases("held-out")
    yield from card_cases("published")
    yield from card_cases("cards")
    yield from family_cases()
    yield from relation_cases()
    yield from repository_cases("honest")
    yield from repository_cases("dishonest")
