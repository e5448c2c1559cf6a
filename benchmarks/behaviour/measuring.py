"""Every pair held against its controls, with all passages and with fewer, with all controls and with five."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.behaviour.people import UNRELATED, Couple, Group, Person, controls_for, couples
from lineage_audit.behaviour import Answers, answers_of, prompt_set
from lineage_audit.behaviour.asking.keeping import Kept
from lineage_audit.behaviour.gram import Gram, gram_of
from lineage_audit.behaviour.leaning import leaning
from lineage_audit.behaviour.verdict import LeanCase, decide
from lineage_audit.results import BehaviourOutcome

PROMPTS = prompt_set()
FEWER = (4, 8, 16, 32)
"""Passages of smaller sets, taken evenly from the whole one."""
FEWEST_CONTROLS = 5
MOST_UNRELATED = 60
"""Pairs of a group without a relation that are drawn."""


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


def measured_pairs(half: str, answers: Mapping[str, Answers]) -> Iterator[Measured]:
    """Every pair of a half whose answers are there."""
    for couple in drawn(list(couples(half))):  # type: ignore[arg-type]
        if couple.a.name in answers and couple.b.name in answers:
            yield measured(couple, answers)


def drawn(everyone: Sequence[Couple]) -> list[Couple]:
    """All related pairs, and of the others the same ones each time."""
    found = [couple for couple in everyone if couple.group not in UNRELATED]
    for group in UNRELATED:
        of_group = [couple for couple in everyone if couple.group == group]
        found += random.Random(group).sample(of_group, min(len(of_group), MOST_UNRELATED))
    return found


def measured(couple: Couple, answers: Mapping[str, Answers]) -> Measured:
    """Measure one pair."""
    controls = [one.name for one in controls_for(couple) if one.name in answers]
    gram = gram_of([answers[name] for name in (couple.a.name, couple.b.name, *controls)], PROMPTS)
    found = leaning(gram)
    said = decide(LeanCase(gram.stops, tuple(controls), found))
    five = random.Random(f"{couple.a.name} {couple.b.name}").sample(range(len(controls)), FEWEST_CONTROLS)
    few = leaning(_of_models(gram, [0, 1, *(2 + place for place in five)]))
    few_said = decide(LeanCase(gram.stops, tuple(controls[place] for place in five), few))
    return Measured(
        couple.a.name,
        couple.b.name,
        couple.group,
        said.outcome,
        found.effect,
        found.p_value,
        len(controls),
        found.largest_control,
        found.unlike,
        {count: _with_passages(gram, count, controls) for count in FEWER},
        (few.p_value, few_said.outcome),
    )


def _with_passages(gram: Gram, count: int, controls: Sequence[str]) -> tuple[float, BehaviourOutcome]:
    chosen = np.linspace(0, len(gram.passages) - 1, count).round().astype(int)
    some = Gram(gram.passages[chosen], gram.stops)
    found = leaning(some)
    return found.effect, decide(LeanCase(gram.stops, tuple(controls), found)).outcome


def _of_models(gram: Gram, models: Sequence[int]) -> Gram:
    return Gram(gram.passages[:, models][:, :, models], gram.stops)
