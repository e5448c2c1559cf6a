"""A known licence text inside a file: how much of it stands there, and what stands there besides.

Words are compared in runs of a few, so that a clause that was put in, wherever it stands, is left over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from lineage_audit.claims.licences.wording import words_of

_RUN = 4
"""Words that are compared at once."""
_CLAUSE = 8
"""Fewest words in a row that are a clause of their own; less is a name that was filled in, or a heading."""
_TELLING = frozenset(
    {"not", "no", "non", "never", "nor", "only", "except", "unless", "without", "prohibited", "prohibits", "forbidden"}
    | {"commercial", "noncommercial", "research", "academic", "evaluation", "personal", "royalty", "fee"}
    | {"restricted", "restriction", "restrictions", "modified", "provided"}
)
"""Words that change what a licence says, however few stand beside them."""
_OPTIONAL = re.compile(r"^~~~ may be left out\n(.*?)^~~~$", re.MULTILINE | re.DOTALL)
_OWNER = re.compile(
    r"^\W*(?:copyright\s*(?:\(c\)|©|\d{4}|\[|<|by\b)|\(c\)\s|©|all rights reserved).*$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _HeldText:
    """What a file has of a known text.

    Attributes:
        share: share of the known text's required words that stand in the file.
        missing: clauses of those that do not stand in the file, each as one string.
        added: runs of words that the known text does not have.
    """

    share: float
    missing: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True)
class Body:
    """A licence's own text.

    Attributes:
        text: the text; what stands between ``~~~`` lines may be left out of a copy.
    """

    text: str

    def in_words(self, words: Sequence[str]) -> _HeldText:
        """Hold the words of a file, as ``body_words`` gives them, against this text."""
        there = frozenset(_runs(words))
        share = sum(run in there for run in _runs(self._required)) / len(self._required)
        missing = (run for run in _left_over(self._required, there) if len(run) >= _CLAUSE)
        added = (run for run in _left_over(words, self._known) if len(run) >= _CLAUSE or _TELLING.intersection(run))
        return _HeldText(share, tuple(map(" ".join, missing)), tuple(map(" ".join, added)))

    @property
    def length(self) -> int:
        """Number of words that a copy must have."""
        return len(self._required)

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return body_words(_OPTIONAL.sub("", self.text))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(_runs(body_words(self.text)))


def body_words(text: str) -> tuple[str, ...]:
    """The words of a text, but for the lines that say whose copyright it is, and nothing else."""
    return tuple(words_of(_OWNER.sub(_kept, text)).split())


def _kept(line: re.Match[str]) -> str:
    return line[0] if _TELLING.intersection(words_of(line[0]).split()) else " "


def _runs(words: Sequence[str]) -> Iterator[str]:
    return (" ".join(words[start : start + _RUN]) for start in range(len(words) - _RUN + 1))


def _left_over(words: Sequence[str], known: frozenset[str]) -> Iterator[list[str]]:
    """The longest stretches of words of which none lies in a known run."""
    covered = [False] * len(words)
    for start, run in enumerate(_runs(words)):
        if run in known:
            covered[start : start + _RUN] = [True] * _RUN
    for is_known, group in groupby(zip(covered, words, strict=True), key=lambda pair: pair[0]):
        if not is_known:
            yield [word for _, word in group]
