"""Numbers that people quote of two models, each beside what unrelated models give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ControlKind = Literal["here", "zoo", "published"]


@dataclass(frozen=True, slots=True)
class Control:
    """What unrelated weights give.

    Attributes:
        name: which models or layers.
        kind: measured in this run, measured on the project's trained models, or published.
        low: the smallest value.
        high: the largest value.
        count: how many values there are.
        source: where it is published, or the command that measures it; None of what was measured here.
    """

    name: str
    kind: ControlKind
    low: float
    high: float
    count: int
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ControlledNumber:
    """One number, and its controls.

    Attributes:
        number_id: stable id, e.g. ``norm-cosine``.
        question: what it is taken to show, and of what it is made.
        value: what these two models give, or None where it cannot be told.
        controls: what unrelated models give.
        says: whether it tells anything, one sentence.
    """

    number_id: str
    question: str
    value: float | None
    controls: tuple[Control, ...]
    says: str
