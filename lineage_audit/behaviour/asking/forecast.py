"""What asking will cost, told before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from lineage_audit.behaviour.answers_file import is_answers_file
from lineage_audit.behaviour.asking.endpoint import questions
from lineage_audit.behaviour.asking.endpoint_address import address_of, is_endpoint
from lineage_audit.behaviour.asking.keeping import Kept
from lineage_audit.behaviour.asking.protocols import WAYS
from lineage_audit.behaviour.prompts import PromptSet
from lineage_audit.results import Manner

_BYTES_A_TOKEN = 3.5
"""Bytes of English that a token of a large vocabulary stands for."""
_SECONDS_A_REQUEST = 0.8
"""What hosted models take for a token."""
_OPERATIONS_A_SECOND = 2e10
"""Floating-point operations that a few cores do; a token takes two a weight."""


class Cost(Struct, frozen=True):
    """What asking one model takes.

    Attributes:
        model: its reference.
        passages: texts that it is asked about; 0 where its answers are there.
        tokens: about how many tokens it reads, at most.
        seconds: about how long that takes.
        requests: how many requests leave this machine, at most.
    """

    model: str
    passages: int
    tokens: int
    seconds: float
    requests: int


def foretold(refs: Sequence[str], prompts: PromptSet, manner: Manner, kept: Kept) -> Iterator[Cost]:
    """The cost of each model whose answers are not there yet.

    Raises:
        LineageAuditError: there is no such model.
    """
    for ref in dict.fromkeys(refs):
        if not is_answers_file(ref) and kept.find(ref, prompts, manner) is None:
            yield _endpoint_cost(ref, prompts, manner) if is_endpoint(ref) else _local_cost(ref, prompts)


def _endpoint_cost(ref: str, prompts: PromptSet, manner: Manner) -> Cost:
    """The cost of the way to ask that takes most requests, the trials of the others included."""
    ways = WAYS[manner]
    address_of(ref)
    asked = tuple(questions(ways[-1], prompts))
    requests = len(asked) + len(ways)
    tokens = round(sum(question.stops[-1] for question in asked) / _BYTES_A_TOKEN)
    return Cost(ref, len(prompts.passages), tokens, requests * _SECONDS_A_REQUEST, requests)


def _local_cost(ref: str, prompts: PromptSet) -> Cost:
    from lineage_audit.checkpoint import open_checkpoint

    tokens = round(sum(len(passage.text) for passage in prompts.passages) / _BYTES_A_TOKEN)
    seconds = 2 * open_checkpoint(ref).parameters * tokens / _OPERATIONS_A_SECOND
    return Cost(ref, len(prompts.passages), tokens, seconds, 0)
