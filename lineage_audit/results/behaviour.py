"""Whether one model's answers lean to another's, as plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from lineage_audit.results.comparison import Relation, Scalar
from lineage_audit.results.rendered import Rendered
from lineage_audit.results.run import Run

BehaviourOutcome = Literal["leans", "none", "inconclusive"]

Manner = Literal["text", "chat"]
"""How a model is asked: to go on with a text, or in a conversation to say how it goes on. Only answers to one manner
can be held against each other."""
MANNERS: tuple[Manner, ...] = get_args(Manner)


@dataclass(frozen=True, slots=True)
class Asked:
    """A model as it was asked.

    Attributes:
        model: its reference.
        revision: the pinned commit, or None.
        digest: what pins its weights, or None where nobody can see them.
        source: through what it was asked.
        answers: SHA-256 of its answers.
        answered: share of the stops that it answered.
        unseen: mean share of the probability that was not shown at those stops.
    """

    model: str
    revision: str | None
    digest: str | None
    source: str
    answers: str
    answered: float
    unseen: float


@dataclass(frozen=True, slots=True)
class ControlLean:
    """A control, and how far it leans to the two models: partial correlations given all others, or None."""

    model: Asked
    to_a: float | None
    to_b: float | None


@dataclass(frozen=True, slots=True)
class WeightsBeside:
    """What the weights say of the two models, which neither moves nor is moved by what the answers say."""

    relation: Relation
    summary: str


@dataclass(frozen=True, slots=True, repr=False)
class Behaviour(Rendered):
    """Model B's answers held against model A's and those of controls.

    Attributes:
        tool_version: this tool's version.
        a: the model that B may have learned from.
        b: the other model.
        outcome: ``leans``, ``none`` (no lean seen), or ``inconclusive``.
        summary: one sentence.
        effect: partial correlation of A's and B's answers given the controls', or None where it could not be taken.
        low: lower end of its 95% interval over passages, or None.
        high: upper end, or None.
        p_value: share of ranks among the controls that are as good, or None.
        least_p: the smallest p-value that so many controls allow.
        detection_limit: the smallest effect that would have been called a lean, or None.
        controls: the controls, strongest lean first.
        prompts: name of the prompt set.
        manner: how the models were asked: ``text`` or ``chat``.
        stops: how many stops all models answered.
        weights: what the weights say, where that was asked for, or None.
        parameters: everything that the numbers depend on.
        caveats: what to know before quoting this.
        seconds: how long it took.
        run: when and by which command it was made, or None where that was not recorded.
    """

    tool_version: str
    a: Asked
    b: Asked
    outcome: BehaviourOutcome
    summary: str
    effect: float | None
    low: float | None
    high: float | None
    p_value: float | None
    least_p: float
    detection_limit: float | None
    controls: tuple[ControlLean, ...]
    prompts: str
    manner: Manner
    stops: int
    weights: WeightsBeside | None
    parameters: Mapping[str, Scalar]
    caveats: tuple[str, ...]
    seconds: float
    run: Run | None = None
