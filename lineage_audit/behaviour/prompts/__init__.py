"""The fixed texts that every model is asked about: public-domain passages, and the stops in them.

A stop is a place before a space inside a line: there, tokenizers that agree in nothing else begin a token. A set is
never changed: what is asked differently is another set, with another number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from msgspec import Struct

_CURRENT = 1
"""The set that is asked unless another one is named."""

LEAST_BEFORE = 24
"""Bytes of a passage that stand before its first stop: with less there is nothing to go on."""

MOST_STOPS = 40
"""Stops of a passage that are asked, the first ones: answers to the whole set then fit into a MiB."""

_STOP = re.compile(rb"(?<=\S)(?= \S)")


class Passage(Struct, frozen=True):
    """One text.

    Attributes:
        name: unique in its set.
        register: what kind of text it is.
        source: where it is from.
        text: ASCII.
        stops: offsets of its stops, each before a space.
    """

    name: str
    register: str
    source: str
    text: str
    stops: tuple[int, ...]


class PromptSet(Struct, frozen=True):
    """Passages in their order.

    Attributes:
        number: which set it is.
        digest: SHA-256 of its file.
        passages: the texts.
    """

    number: int
    digest: str
    passages: tuple[Passage, ...]

    @property
    def stops(self) -> int:
        """The number of stops of all passages."""
        return sum(len(passage.stops) for passage in self.passages)

    def places(self) -> Iterator[npt.NDArray[np.int64]]:
        """For each passage, where its stops stand among those of the whole set."""
        start = 0
        for passage in self.passages:
            yield np.arange(start, start + len(passage.stops))
            start += len(passage.stops)

    @property
    def name(self) -> str:
        """What answers say that they answer: its number and the beginning of its digest."""
        return f"{self.number}-{self.digest[:16]}"


@cache
def prompt_set(number: int = _CURRENT) -> PromptSet:
    """One of the sets that come with the package."""
    data = (files(__name__) / f"texts-{number}.txt").read_bytes()
    blocks = data.decode("ascii").split("%% ")[1:]
    return PromptSet(number, sha256(data).hexdigest(), tuple(map(_passage, blocks)))


def _passage(block: str) -> Passage:
    head, _, text = block.partition("\n")
    name, register, source = head.split(" | ")
    return passage_of(name, register, source, text.strip("\n"))


def passage_of(name: str, register: str, source: str, text: str) -> Passage:
    """A passage with its stops."""
    stops = [found.start() for found in _STOP.finditer(text.encode("ascii")) if found.start() >= LEAST_BEFORE]
    return Passage(name, register, source, text, tuple(stops[:MOST_STOPS]))
