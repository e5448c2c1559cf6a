"""Read an unknown name as words: where the tensor sits, whether it is a norm, which roles are hinted at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from lineage_audit.checkpoint.names.inference.words import FILLERS, HINTS, NORMS, PLACES, Place
from lineage_audit.checkpoint.names.table import without_wrappers
from lineage_audit.checkpoint.roles import Role

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MARKS = re.compile(r"\{[LE]\}")
_SEGMENT = re.compile(r"[./:]+")
_AFFIXES = tuple(sorted(FILLERS | PLACES[Place.ATTENTION] | PLACES[Place.FFN], key=lambda word: (-len(word), word)))

_Words = tuple[str, ...]


class Wording(Struct, frozen=True):
    """A name's stem as words, in lower case.

    Attributes:
        segments: the words of each segment after the layer's number (of all segments outside the layers).
        place: where the words put the tensor.
        in_layer: the name has a layer's number.
        in_expert: the name has an expert's number.
    """

    segments: tuple[_Words, ...]
    place: Place
    in_layer: bool
    in_expert: bool

    @property
    def leaf(self) -> _Words:
        """The words of the last three segments."""
        return tuple(word for segment in self.segments[-3:] for word in segment)

    @property
    def is_norm(self) -> bool:
        """Whether the name speaks of a norm."""
        return any(word in NORMS or "norm" in word for word in self.leaf)


def wording(stem: str) -> Wording:
    """Split a pattern's stem into words."""
    in_layer = "{L}" in stem
    inside = without_wrappers(stem).rpartition("{L}")[2]
    segments = tuple(words for words in map(_words, _SEGMENT.split(inside)) if words)
    return Wording(segments, _place(segments) if in_layer else Place.OUTSIDE, in_layer, "{E}" in stem)


def hinted_roles(words: Wording) -> frozenset[Role]:
    """Return the roles that the last telling segment hints at; several mean that the name is ambiguous."""
    hints = _hints(words.place)
    for segment in reversed(words.segments):
        roles = frozenset(role for word in segment for role in _roles_of(word, hints))
        if roles:
            return roles
    return frozenset()


def _words(segment: str) -> _Words:
    return tuple(word.lower() for word in _WORD.findall(_MARKS.sub(" ", segment)))


def _place(segments: tuple[_Words, ...]) -> Place:
    """Return the half of the layer that the last telling word names."""
    for segment in reversed(segments):
        for word in reversed(segment):
            for place, known in PLACES.items():
                if word in known:
                    return place
    return Place.LAYER


def _hints(place: Place) -> dict[Role, frozenset[str]]:
    if place is not Place.LAYER:
        return HINTS[place]
    return HINTS[Place.ATTENTION] | HINTS[Place.FFN]


def _roles_of(word: str, hints: dict[Role, frozenset[str]]) -> Iterator[Role]:
    """Yield the roles of a word, or else of the word with one filler cut off (``qproj``, ``ffnup``)."""
    exact = [role for role, known in hints.items() if word in known]
    if exact:
        yield from exact
        return
    for affix in _AFFIXES:
        for cut in (word.removeprefix(affix), word.removesuffix(affix)):
            if cut != word:
                yield from (role for role, known in hints.items() if cut in known)
