"""A known licence text inside a file: how much of it stands there, and what stands there besides.

Words are compared in runs of a few, so that a clause that was put in, wherever it stands, is left over. Case, markup
and punctuation do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

from msgspec import Struct

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
_BLANK = re.compile(r"\{([^{}]+)\}")
_BESIDE, _LONGEST_NAME = 3, 12
"""Words by which a blank is found in a copy, and the most that may be filled in."""
_CONDITIONS = _TELLING - {"research", "academic"}
"""Words that are in nobody's name."""
_OPTIONAL = re.compile(r"^~~~ may be left out\n(.*?)^~~~$", re.MULTILINE | re.DOTALL)
_MARKS = re.compile(r"^~~~.*\n?", re.MULTILINE)
_OWNER = re.compile(
    r"^\W*(?:copyright\s*(?:\(c\)|©|\d{4}|\[|<|by\b)|\(c\)\s|©|all rights reserved).*$", re.IGNORECASE | re.MULTILINE
)

_NOT_WORDS = re.compile(r"(?<!\w)[.+]|\.(?!\w)|[^\w.+]+")
_NOT_ALIAS = re.compile(r"[^a-z0-9.+]+")


class _HeldText(Struct, frozen=True):
    """What a file has of a known text.

    Attributes:
        missing: clauses of the known text's required words that do not stand in the file, each as one string.
        added: runs of words that the known text does not have.
        apart: words in which file and text differ, on either side, however few stand together.
    """

    missing: tuple[str, ...]
    added: tuple[str, ...]
    apart: int


class Body(Struct, frozen=True, dict=True):
    """A licence's own text.

    Attributes:
        text: the text; what stands between ``~~~`` lines may be left out of a copy, and in the place of what stands in
            braces a copy has whom it names.
    """

    text: str

    @property
    def plain(self) -> str:
        """The text as it is published, without the marks."""
        return _BLANK.sub(r"\1", _MARKS.sub("", self.text))

    def share_in(self, runs: frozenset[str]) -> float:
        """Share of the required words that stand in a file, given by its ``runs_of``."""
        return len(self._required_runs & runs) / len(self._required_runs)

    def in_words(self, words: Sequence[str]) -> _HeldText:
        """Hold the words of a file, as ``body_words`` gives them, against this text."""
        words = self._with_blanks_filled(words)
        there = runs_of(words)
        missing, added = tuple(_left_over(self._required, there)), tuple(_left_over(words, self._known))
        return _HeldText(
            tuple(" ".join(run) for run in missing if len(run) >= _CLAUSE),
            tuple(" ".join(run) for run in added if len(run) >= _CLAUSE or _TELLING.intersection(run)),
            sum(map(len, (*missing, *added))),
        )

    def _with_blanks_filled(self, words: Sequence[str]) -> Sequence[str]:
        """A copy's words, those of the text in the place of the names that were filled in."""
        joined = " ".join(words)
        for pattern, own in self._blanks:
            found = pattern.search(joined)
            if found is not None and not _CONDITIONS.intersection(found[2].split()):
                joined = f"{joined[: found.start(2)]} {own} {joined[found.end(2) :]}"
        return joined.split()

    @cached_property
    def _blanks(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Each blank as a pattern over a copy's words, and the text's own."""
        found = []
        for blank in _BLANK.finditer(self.text):
            before = body_words(_BLANK.sub(r"\1", self.text[: blank.start()]))[-_BESIDE:]
            after = body_words(_BLANK.sub(r"\1", self.text[blank.end() :]))[:_BESIDE]
            around = (rf"\b({re.escape(' '.join(side))})\b" for side in (before, after))
            pattern = rf"((?: \S+){{1,{_LONGEST_NAME}}}?) ".join(around)
            found.append((re.compile(pattern), " ".join(words_of(blank[1]).split())))
        return tuple(found)

    @cached_property
    def _required(self) -> tuple[str, ...]:
        return body_words(_BLANK.sub(r"\1", _OPTIONAL.sub("", self.text)))

    @cached_property
    def _required_runs(self) -> frozenset[str]:
        return runs_of(self._required)

    @cached_property
    def _known(self) -> frozenset[str]:
        return runs_of(body_words(self.plain))


def body_words(text: str) -> tuple[str, ...]:
    """The words of a text, but for the lines that say whose copyright it is, and nothing else."""
    return tuple(words_of(_OWNER.sub(_kept, text)).split())


def runs_of(words: Sequence[str]) -> frozenset[str]:
    """Every run of a few words that a text holds: what texts are compared by."""
    return frozenset(_runs(words))


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


def words_of(text: str) -> str:
    """Text without markup, case, punctuation and line breaks, so that phrases can be found in it."""
    return " ".join(_NOT_WORDS.sub(" ", text.replace("_", " ")).lower().split())


def alias_form(name: str) -> str:
    """A licence id or name in the spelling in which aliases are compared: lower case, hyphens between words."""
    return _NOT_ALIAS.sub("-", name.lower()).strip("-")
