"""Who is in a half: teachers, students, strangers and descendants, and what is true of any two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Literal

from benchmarks.behaviour.models import trained
from benchmarks.zoo.catalogue import Half, catalogue

Group = Literal[
    "student by answers",
    "student by answers, longer",
    "student by text",
    "student of two teachers",
    "student of a student",
    "student trained on",
    "fine-tune",
    "merge",
    "trained on as long",
    "trained on twice as long",
    "strangers of one corpus",
    "strangers of one kind",
    "strangers",
    "student and stranger",
    "students of one teacher",
]
UNRELATED: tuple[Group, ...] = (
    "strangers of one corpus",
    "strangers of one kind",
    "strangers",
    "student and stranger",
)
"""The groups in which a lean is a false alarm."""

STUDENTS: tuple[Group, ...] = ("student by answers", "student by text")
"""The groups by which thresholds are set."""

_DESCENDANTS: Mapping[str, Group] = {
    "light": "fine-tune",
    "heavy": "fine-tune",
    "lora-16": "fine-tune",
    "linear": "merge",
    "ties": "merge",
    "slerp": "merge",
    "dare": "merge",
    "continued": "trained on as long",
    "continued-twice": "trained on twice as long",
}


@dataclass(frozen=True, slots=True)
class Person:
    """One model.

    Attributes:
        name: unique in its half.
        half: which half.
        folder: its place below the zoo's folder.
        corpus: what it learned from first.
        teachers: whose answers or text it learned from.
        root: the base whose weights it goes back to, itself for a base.
        recipe: what was done to its first parent, or an empty string.
        lesson: ``corpus``, ``answers`` or ``text``.
        length: how many times as long as the others it learned.
    """

    name: str
    half: Half
    folder: str
    corpus: str
    teachers: tuple[str, ...]
    root: str
    recipe: str
    lesson: str
    length: int = 1

    @property
    def is_stranger(self) -> bool:
        """Whether it is a base of its own, or was trained as one, with nobody's help."""
        return not self.teachers and not self.recipe


@dataclass(frozen=True, slots=True)
class Couple:
    """Two models and what is true of them; A is the teacher or the base where there is one."""

    a: Person
    b: Person
    group: Group


@cache
def people(half: Half) -> Mapping[str, Person]:
    """Everyone in a half: its bases, the descendants that the table above names, and the models of this benchmark."""
    found: dict[str, Person] = {}
    for entry in catalogue(half).values():
        recipe = entry.name.removeprefix(entry.base.name).removeprefix("_")
        if not recipe or recipe in _DESCENDANTS:
            root = entry.base.name.removesuffix("-elsewhere")
            found[entry.name] = Person(entry.name, half, entry.folder, entry.base.corpus, (), root, recipe, "corpus")
    for model in trained(half).values():
        root, recipe = (model.start, "trained on") if model.start else (model.name, "")
        found[model.name] = Person(
            model.name, half, model.folder, model.corpus, model.teachers, root, recipe, model.lesson, model.length
        )
    return found


def couples(half: Half) -> Iterator[Couple]:
    """Every pair that is reported."""
    everyone = people(half)
    for person in everyone.values():
        yield from _with_teachers(person, everyone)
        if person.recipe in _DESCENDANTS:
            yield Couple(everyone[person.root], person, _DESCENDANTS[person.recipe])
    for first, second in combinations(everyone.values(), 2):
        group = _of_others(first, second, everyone)
        if group is not None:
            yield Couple(first, second, group)


def controls_for(couple: Couple) -> list[Person]:
    """The strangers of the half that have nothing to do with either."""
    everyone = people(couple.a.half)
    kin = _relations(couple.a, everyone) | _relations(couple.b, everyone)
    return [one for one in everyone.values() if one.is_stranger and one.root not in kin]


def _with_teachers(person: Person, everyone: Mapping[str, Person]) -> Iterator[Couple]:
    for teacher in person.teachers:
        if len(person.teachers) > 1:
            yield Couple(everyone[teacher], person, "student of two teachers")
        elif everyone[teacher].teachers:
            yield Couple(everyone[everyone[teacher].teachers[0]], person, "student of a student")
        else:
            yield Couple(everyone[teacher], person, _of_one_teacher(person))
    if person.recipe == "trained on":
        yield Couple(everyone[everyone[person.root].teachers[0]], person, "student trained on")


def _of_one_teacher(student: Person) -> Group:
    if student.lesson == "text":
        return "student by text"
    return "student by answers" if student.length == 1 else "student by answers, longer"


def _of_others(first: Person, second: Person, everyone: Mapping[str, Person]) -> Group | None:
    """What two models are that have nothing to do with each other, or only a teacher in common."""
    if first.recipe or second.recipe:
        return None
    shared = _relations(first, everyone) & _relations(second, everyone)
    if shared:
        both = first.teachers and first.teachers == second.teachers
        return "students of one teacher" if both else None
    if first.is_stranger and second.is_stranger:
        if first.corpus == second.corpus:
            return "strangers of one corpus"
        return "strangers of one kind" if first.corpus[:-2] == second.corpus[:-2] else "strangers"
    return "student and stranger"


def _relations(person: Person, everyone: Mapping[str, Person]) -> frozenset[str]:
    """The roots of whatever a model goes back to, by weights or by answers."""
    found = {person.root}
    root = everyone[person.root]
    for teacher in (*person.teachers, *root.teachers):
        found |= _relations(everyone[teacher], everyone)
    return frozenset(found)
