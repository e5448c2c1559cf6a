"""Every pair held against its controls, with all passages and with fewer, with all controls and with five."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.behaviour.people import Couple, Group, Person, controls_for, couples
from benchmarks.zoo.catalogue import Half
from lineage_audit.behaviour import Answers, answers_of, prompt_set
from lineage_audit.behaviour.asking.keeping import Kept
from lineage_audit.behaviour.gram import Gram, gram_of
from lineage_audit.behaviour.leaning import Leaning, leaning
from lineage_audit.behaviour.verdict import LeanCase, decide
from lineage_audit.results import BehaviourOutcome

PROMPTS = prompt_set()
FEWER = (4, 8, 16, 32)
"""Passages of smaller sets, taken evenly from the whole one."""
FEWEST_CONTROLS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """One pair.

    Attributes:
        a: name of model A.
        b: name of model B.
        group: what is true of them.
        outcome: what is said of them.
        effect: with all passages and controls.
        p_value: by rank.
        controls: how many there were.
        largest_control: the strongest lean of a control.
        closest_controls: the most that two controls have in common.
        unlike: how much less of A and of B the controls explain than of each other.
        fewer: passages -> effect and outcome.
        of_five: p-value and outcome with five controls that were drawn.
        first_of_five: whether no pair of those seven has more in common.
    """

    a: str
    b: str
    group: Group
    outcome: BehaviourOutcome
    effect: float
    p_value: float
    controls: int
    largest_control: float
    closest_controls: float
    unlike: float
    fewer: Mapping[int, tuple[float, BehaviourOutcome]]
    of_five: tuple[float, BehaviourOutcome]
    first_of_five: bool

    @property
    def first_of_all(self) -> bool:
        """Whether no pair of all models has more in common."""
        return self.effect > max(self.largest_control, self.closest_controls)


def answers_by_name(people: Sequence[Person], out: Path) -> dict[str, Answers]:
    """Everyone's answers; whoever was asked before is not asked again."""
    kept = Kept(out / "behaviour" / "answers")
    return {person.name: answers_of(str(out / person.folder), PROMPTS, kept=kept) for person in people}


def measured_pairs(half: Half, answers: Mapping[str, Answers]) -> Iterator[Measured]:
    """Every pair of a half whose answers are there."""
    for couple in couples(half):
        if couple.a.name in answers and couple.b.name in answers:
            yield measured(couple, [one.name for one in controls_for(couple) if one.name in answers], answers)


def measured(couple: Couple, controls: Sequence[str], answers: Mapping[str, Answers]) -> Measured:
    """Measure one pair: A, B and their controls."""
    gram = _gram(couple, controls, answers)
    found = leaning(gram, 0)
    drawn = random.Random(f"{couple.a.name} {couple.b.name}").sample(controls, FEWEST_CONTROLS)
    gram_of_few = _gram(couple, drawn, answers)
    few = leaning(gram_of_few, 0)
    return Measured(
        a=couple.a.name,
        b=couple.b.name,
        group=couple.group,
        outcome=_said(gram, controls, found),
        effect=found.effect,
        p_value=found.p_value,
        controls=len(controls),
        largest_control=found.largest_control,
        closest_controls=found.closest_controls,
        unlike=found.unlike,
        fewer={count: _with_passages(gram, count, controls) for count in FEWER},
        of_five=(few.p_value, _said(gram_of_few, drawn, few)),
        first_of_five=few.effect > max(few.largest_control, few.closest_controls),
    )


def _gram(couple: Couple, controls: Sequence[str], answers: Mapping[str, Answers]) -> Gram:
    return gram_of([answers[name] for name in (couple.a.name, couple.b.name, *controls)], PROMPTS)


def _with_passages(gram: Gram, count: int, controls: Sequence[str]) -> tuple[float, BehaviourOutcome]:
    chosen = np.linspace(0, len(gram.passages) - 1, count).round().astype(int)
    found = leaning(Gram(gram.passages[chosen], gram.stops), 0)
    return found.effect, _said(gram, controls, found)


def _said(gram: Gram, controls: Sequence[str], found: Leaning) -> BehaviourOutcome:
    return decide(LeanCase(gram.stops, tuple(controls), found)).outcome
