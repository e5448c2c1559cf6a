"""The ways to ask an endpoint that speaks OpenAI's protocol, most telling first: what is sent, and what comes back.

- completions that echo the prompt with its log-probabilities answer every stop of a passage in one request;
- completions that give those of the next token answer one stop a request;
- chat answers one stop a request, and only another chat can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.behaviour.asking.client import Client
from lineage_audit.behaviour.asking.tokens import Candidate, listed, mapped
from lineage_audit.behaviour.prompts import Passage
from lineage_audit.results import Manner

EVERY = 6
"""Where a request answers one stop, one in so many is asked."""

_MOST_SHOWN = (200, 20, 5)
"""How many candidates are asked for, until an endpoint agrees."""

_INSTRUCTION = "Continue the following text. Answer with its next words only, and nothing else.\n\n"

_Found = Iterator[tuple[int, list[Candidate]]]
"""Stops, each with what may come next."""


class WayToAsk(Protocol):
    """One way to ask."""

    @property
    def name(self) -> str:
        """What answers say that they were asked through."""
        ...

    def questions(self, passage: Passage) -> Sequence[tuple[int, ...]]:
        """The stops of a passage, those of one request together."""
        ...

    def ask(self, client: Client, passage: Passage, stops: Sequence[int]) -> _Found:
        """Send one request and give what it answers."""
        ...


class _Echo(Struct, frozen=True):
    """Completions that say how likely each token of the prompt was, and what else might have stood there."""

    shown: int

    @property
    def name(self) -> str:
        """The protocol."""
        return f"completions, echoed, {self.shown} shown"

    def questions(self, passage: Passage) -> Sequence[tuple[int, ...]]:
        """All stops in one request."""
        return (passage.stops,)

    def ask(self, client: Client, passage: Passage, stops: Sequence[int]) -> _Found:
        """Send the passage."""
        body = {"prompt": passage.text, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": self.shown}
        found = _logprobs(client.post("/completions", {"model": client.address.model, **body}))
        tokens, best, own = (_list(found.get(name)) for name in ("tokens", "top_logprobs", "token_logprobs"))
        wanted = frozenset(stops)
        for place, start in enumerate(_starts(found.get("text_offset"), tokens)):
            token = tokens[place]
            if start in wanted and isinstance(token, str) and token and passage.text.startswith(token, start):
                itself = {token: own[place]} if place < len(own) else {}
                candidates = [*mapped(itself), *mapped(best[place] if place < len(best) else None)]
                if candidates:
                    yield start, candidates


class _Next(Struct, frozen=True):
    """Completions that say what may stand next."""

    shown: int

    @property
    def name(self) -> str:
        """The protocol."""
        return f"completions, {self.shown} shown"

    def questions(self, passage: Passage) -> Sequence[tuple[int, ...]]:
        """Some stops, a request each."""
        return _some(passage)

    def ask(self, client: Client, passage: Passage, stops: Sequence[int]) -> _Found:
        """Send the text before the stop."""
        (stop,) = stops
        body = {"prompt": passage.text[:stop], "max_tokens": 1, "temperature": 0, "logprobs": self.shown}
        found = _logprobs(client.post("/completions", {"model": client.address.model, **body}))
        best = _list(found.get("top_logprobs"))
        candidates = [*mapped(best[0] if best else None), *_first_listed(found)]
        if candidates:
            yield stop, candidates


class _Chat(Struct, frozen=True):
    """A conversation in which the model is asked to go on."""

    shown: int

    @property
    def name(self) -> str:
        """The protocol."""
        return f"chat, {self.shown} shown"

    def questions(self, passage: Passage) -> Sequence[tuple[int, ...]]:
        """Some stops, a request each."""
        return _some(passage)

    def ask(self, client: Client, passage: Passage, stops: Sequence[int]) -> _Found:
        """Send the text before the stop in a message; the answer begins with a word, not with a space."""
        (stop,) = stops
        message = {"role": "user", "content": _INSTRUCTION + passage.text[:stop]}
        body = {"messages": [message], "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": self.shown}
        found = _logprobs(client.post("/chat/completions", {"model": client.address.model, **body}))
        candidates = [_as_next_word(candidate) for candidate in _first_listed(found)]
        if candidates:
            yield stop, candidates


WAYS: Mapping[Manner, tuple[WayToAsk, ...]] = {
    "text": (*map(_Echo, _MOST_SHOWN), *map(_Next, _MOST_SHOWN)),
    "chat": tuple(map(_Chat, _MOST_SHOWN[1:])),
}
"""Manner -> the ways to ask in it, in the order in which they are tried."""


def _some(passage: Passage) -> tuple[tuple[int, ...], ...]:
    return tuple((stop,) for stop in passage.stops[EVERY // 2 :: EVERY])


def _logprobs(document: Mapping[str, object]) -> Mapping[str, Any]:
    """The ``logprobs`` of the first choice, or nothing."""
    choices = _list(document.get("choices"))
    first = choices[0] if choices and isinstance(choices[0], Mapping) else {}
    found = first.get("logprobs")
    return found if isinstance(found, Mapping) else {}


def _first_listed(found: Mapping[str, Any]) -> Iterator[Candidate]:
    """What may stand first, as chat answers and llama.cpp's completions list it."""
    content = _list(found.get("content"))
    if content and isinstance(content[0], Mapping):
        yield from listed([content[0]])
        yield from listed(content[0].get("top_logprobs"))


def _starts(offsets: object, tokens: Sequence[object]) -> Iterator[int]:
    """Where each token begins: as the endpoint says, else by the lengths of those before it."""
    if isinstance(offsets, list) and len(offsets) == len(tokens) and all(isinstance(one, int) for one in offsets):
        yield from offsets
        return
    start = 0
    for token in tokens:
        yield start
        start += len(token) if isinstance(token, str) else 0


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _as_next_word(candidate: Candidate) -> Candidate:
    """A first word as it would follow in the text."""
    return replace(candidate, text=b" " + candidate.text) if candidate.text[:1].isalnum() else candidate
