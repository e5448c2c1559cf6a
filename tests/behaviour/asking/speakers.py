"""What the tests' server says: likely words that follow from the text alone, so that everyone can work them out."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lineage_audit.behaviour.openings import CLASSES, opening_of

_WORDS = (
    " the",
    " of",
    " and",
    " light",
    " day",
    " was",
    " it",
    " to",
    " a",
    " in",
    ",",
    ".",
    " Zion",
    " q",
    ";",
    " be",
)


@dataclass(frozen=True, slots=True)
class WordSpeaker:
    """Tokens are words with the space before them; what comes next is drawn by a hash of the text and a seed."""

    seed: int = 1

    def tokens(self, text: str) -> list[str]:
        """A text as words, marks and whitespace."""
        return re.findall(r" ?[^\s\w]+| ?\w+|\s+", text)

    def next_tokens(self, text: str) -> Mapping[str, float]:
        """Probability of every word that may come next."""
        drawn = np.random.default_rng(zlib.crc32(f"{self.seed} {text}".encode())).exponential(size=len(_WORDS))
        return dict(zip(_WORDS, (drawn / drawn.sum()).tolist(), strict=True))

    def by_class(self, text: str) -> np.ndarray:
        """The same as answers hold it."""
        seen = np.zeros(CLASSES)
        for token, probability in self.next_tokens(text).items():
            seen[opening_of(token.encode())] += probability
        return seen
