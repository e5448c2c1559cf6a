"""What an endpoint says of the next token: texts and log-probabilities, in the forms that its kind of answer has.

Everything here is a stranger's: whatever is not as the protocol says is no answer, and numbers that are no
probabilities are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.behaviour.openings import CLASSES, opening_of
from lineage_audit.errors import UnreadableFileError

_LONGEST_TOKEN = 1024
_ABOVE_ONE = 0.02
_WORD_START = "\u2581"
"""SentencePiece's mark for a space, where an endpoint gives tokens as its tokenizer spells them."""


class Candidate(Struct, frozen=True):
    """A token that may come next: its bytes and the logarithm of its probability."""

    text: bytes
    log_probability: float


def by_class(candidates: Iterable[Candidate], name: str) -> tuple[npt.NDArray[np.float32], float]:
    """What was seen of each class, and how much was not seen.

    Raises:
        UnreadableFileError: the numbers are no probabilities.
    """
    seen = np.zeros(CLASSES)
    for text, log_probability in {one.text: one.log_probability for one in candidates}.items():
        seen[opening_of(text)] += math.exp(log_probability)
    total = float(seen.sum())
    if total > 1 + _ABOVE_ONE:
        raise UnreadableFileError(f"{name}: gives probabilities that add up to {total:.2f}")
    return seen.astype(np.float32), min(1.0, max(0.0, 1 - total))


def listed(entries: object) -> Iterator[Candidate]:
    """Candidates of a list of objects with ``token``, ``logprob`` and perhaps ``bytes`` (chat, llama.cpp)."""
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            yield from _candidate(_text(entry.get("token"), entry.get("bytes")), entry.get("logprob"))


def mapped(entries: object) -> Iterator[Candidate]:
    """Candidates of an object of texts and log-probabilities (completions)."""
    for token, log_probability in entries.items() if isinstance(entries, Mapping) else ():
        yield from _candidate(_text(token, None), log_probability)


def _candidate(text: bytes | None, log_probability: object) -> Iterator[Candidate]:
    if text is None or isinstance(log_probability, bool) or not isinstance(log_probability, (int, float)):
        return
    try:
        value = float(log_probability)
    except OverflowError:
        return
    if math.isfinite(value) and value <= _ABOVE_ONE:
        yield Candidate(text, min(value, 0.0))


def _text(token: object, given: object) -> bytes | None:
    """A token's bytes: as they are given, else those of its text."""
    if isinstance(given, list) and 0 < len(given) <= _LONGEST_TOKEN:
        numbers = [number for number in given if isinstance(number, int) and 0 <= number < 256]
        if len(numbers) == len(given):
            return bytes(numbers)
    if isinstance(token, str) and len(token) <= _LONGEST_TOKEN:
        return token.replace(_WORD_START, " ").encode("utf-8", "replace")
    return None
