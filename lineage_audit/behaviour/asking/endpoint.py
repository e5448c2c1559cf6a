"""An endpoint asked: the most telling way that it takes, one request after another, kept as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from lineage_audit.behaviour.answers import Answers, no_answers
from lineage_audit.behaviour.asking.client import Client, RefusedError
from lineage_audit.behaviour.asking.endpoint_address import address_of
from lineage_audit.behaviour.asking.protocols import WAYS, WayToAsk
from lineage_audit.behaviour.asking.tokens import by_class
from lineage_audit.behaviour.prompts import Passage, PromptSet
from lineage_audit.comparison.progress import NoProgress, Progress
from lineage_audit.errors import UnsupportedFormatError
from lineage_audit.results import Manner

KEPT_EVERY = 16
"""Requests after which what was answered so far is kept."""


class Question(Struct, frozen=True):
    """One request: a passage, some of its stops, and where these stand among all."""

    passage: Passage
    stops: tuple[int, ...]
    places: tuple[int, ...]


def ask_endpoint(
    ref: str,
    prompts: PromptSet,
    manner: Manner,
    *,
    earlier: Answers | None = None,
    keep: Callable[[Answers], None] = lambda _answers: None,
    progress: Progress | None = None,
) -> Answers:
    """Ask an endpoint that gives log-probabilities.

    Args:
        ref: its address, with the model's name behind ``#``.
        prompts: what to ask.
        manner: as a text to be continued, or by chat.
        earlier: what it answered before a run was broken off.
        keep: is given what was answered so far, now and then.
        progress: told how many requests are done.

    Raises:
        LineageAuditError: it cannot be reached, refuses, or gives no log-probabilities.
    """
    client = Client(address_of(ref))
    seen, unseen = (earlier.seen.copy(), earlier.unseen.copy()) if earlier else no_answers(prompts.stops)
    way = _way_with(client, prompts, WAYS[manner], ref)
    left = [question for question in questions(way, prompts) if not np.isfinite(unseen[list(question.places)]).any()]
    so_far = Answers(ref, None, None, prompts.name, manner, way.name, seen, unseen)
    progress = progress or NoProgress()
    progress.begin(len(left), f"asking {ref}")
    for number, question in enumerate(left, start=1):
        for stop, candidates in way.ask(client, question.passage, question.stops):
            place = question.places[question.stops.index(stop)]
            seen[place], unseen[place] = by_class(candidates, ref)
        if number % KEPT_EVERY == 0:
            keep(so_far)
        progress.advance(1, question.passage.name)
    return so_far


def questions(way: WayToAsk, prompts: PromptSet) -> Iterator[Question]:
    """Every request of one way."""
    for passage, places in zip(prompts.passages, prompts.places(), strict=True):
        place_of = dict(zip(passage.stops, map(int, places), strict=True))
        for stops in way.questions(passage):
            yield Question(passage, stops, tuple(place_of[stop] for stop in stops))


def _way_with(client: Client, prompts: PromptSet, ways: tuple[WayToAsk, ...], ref: str) -> WayToAsk:
    """The first way that the endpoint takes, tried on the first question."""
    refused = None
    for way in ways:
        first = next(questions(way, prompts))
        try:
            if any(way.ask(client, first.passage, first.stops)):
                return way
        except RefusedError as error:
            refused = error
    if refused is not None and client.requests == len(ways):
        raise UnsupportedFormatError(f"{refused}; no way to ask it was taken") from None
    raise UnsupportedFormatError(
        f"{ref}: gives no log-probabilities, without which answers cannot be weighed; what remains are its card, its "
        "terms, and the weights where somebody has them"
    )
