"""How a text may go on after a stop, in classes that any tokenizer's tokens fall into by their bytes.

Every token counts for the longest opening that its bytes begin with, and for the last class where there is none. The
table belongs to the prompt set: a change of it makes other answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_letters, digits

import numpy as np
import numpy.typing as npt

_WORDS = """
    the of and to in is that it was for with as his her he be not but by on at which this from or have are an they
    all we my you their had him would one if when there so who no shall will what has any were been into out up
    than then more can may must should do did its our me such each other only very return def import none true false
    file name value set use new line first time function
"""
_MARKS = "([{\"'`-=+*/<>#&|:$%@!.\\_"
_AFTER_A_WORD = (",", ".", ";", ":", "!", "?", "'", '"', ")", "]", "-", "(", "=", "_", "\n")

OPENINGS: tuple[bytes, ...] = tuple(
    opening.encode("ascii")
    for opening in (
        " ",
        *(f" {character}" for character in (*ascii_letters, *digits, *_MARKS)),
        *(f" {word}" for word in _WORDS.split()),
        *_AFTER_A_WORD,
    )
)
"""Every opening; what begins with none of them is the class behind the last."""

CLASSES = len(OPENINGS) + 1

_PLACES = {opening: place for place, opening in enumerate(OPENINGS)}
_LONGEST = max(map(len, OPENINGS))


def opening_of(token: bytes) -> int:
    """The class that a token's bytes fall into."""
    for length in range(min(len(token), _LONGEST), 0, -1):
        place = _PLACES.get(token[:length])
        if place is not None:
            return place
    return CLASSES - 1


def openings_of(tokens: Iterable[bytes]) -> npt.NDArray[np.int64]:
    """The classes of many tokens."""
    return np.fromiter(map(opening_of, tokens), dtype=np.int64)
