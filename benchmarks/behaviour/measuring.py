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
        unlike: how much less of A and of B the controls explain than of each other.
        fewer: passages -> effect and outcome.
        of_five: p-value and outcome with five controls that were drawn.
    """

    a: str
    b: str
    group: Group
    outcome: BehaviourOutcome
    effect: float
    p_value: float
    controls: int
    largest_control: float
    unlike: float
    fewer: Mapping[int, tuple[float, BehaviourOutcome]]
    of_five: tuple[float, BehaviourOutcome]


def answers_by_name(people: Sequence[Person], out: Path) -> dict[str, Answers]:
    """Everyone's answers; whoever was asked before is not asked again."""
    kept = Kept(out / "behaviour" / "answers")
    return {person.name: answers_of(str(out / person.folder), PROMPTS, kept=kept) for person in people}


def measured_pairs(half: Half, answers: Mapping[str, Answers]) -> Iterator[Measured]:
    """Every pair of a half whose answers are there, weighted alike: by the mean probability of all its models."""
    names = tuple(answers)
    everyone = gram_of([answers[name] for name in names], PROMPTS)
    for couple in couples(half):
        if couple.a.name in answers and couple.b.name in answers:
            controls = [one.name for one in controls_for(couple) if one.name in answers]
            chosen = [names.index(name) for name in (couple.a.name, couple.b.name, *controls)]
            yield measured(couple, controls, _of_models(everyone, chosen))


def measured(couple: Couple, controls: Sequence[str], gram: Gram) -> Measured:
    """Measure one pair: A, B and their controls."""
    found = leaning(gram, 0)
    drawn = random.Random(f"{couple.a.name} {couple.b.name}").sample(range(len(controls)), FEWEST_CONTROLS)
    few = leaning(_of_models(gram, [0, 1, *(2 + place for place in drawn)]), 0)
    return Measured(
        a=couple.a.name,
        b=couple.b.name,
        group=couple.group,
        outcome=_said(gram, controls, found),
        effect=found.effect,
        p_value=found.p_value,
        controls=len(controls),
        largest_control=found.largest_control,
        unlike=found.unlike,
        fewer={count: _with_passages(gram, count, controls) for count in FEWER},
        of_five=(few.p_value, _said(gram, [controls[place] for place in drawn], few)),
    )


def _with_passages(gram: Gram, count: int, controls: Sequence[str]) -> tuple[float, BehaviourOutcome]:
    chosen = np.linspace(0, len(gram.passages) - 1, count).round().astype(int)
    found = leaning(Gram(gram.passages[chosen], gram.stops), 0)
    return found.effect, _said(gram, controls, found)


def _said(gram: Gram, controls: Sequence[str], found: Leaning) -> BehaviourOutcome:
    return decide(LeanCase(gram.stops, tuple(controls), found)).outcome


def _of_models(gram: Gram, models: Sequence[int]) -> Gram:
    return Gram(gram.passages[:, models][:, :, models], gram.stops)
