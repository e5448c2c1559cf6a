"""Which models there are, and what is true of which pairs of them.

Nothing was set on the half that is `HELD_OUT`; the other half is there to look into.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.hard.kinds import KINDS, STARTS

Truth = Literal["strangers", "one start", "one basis", "descent"]
Half = Literal["looked into", "held out"]
Text = Literal["library", "further on", "english"]

HELD_OUT: frozenset[str] = frozenset(
    {"gated attention", "ALiBi", "partial rotary", "meanless norm", "start PyTorch", "start orthogonal"}
)
"""Groups of models on which nothing was set."""


@dataclass(frozen=True, slots=True)
class Trained:
    """One model.

    Attributes:
        group: the models that are held against each other.
        name: its name among them.
        kind: its architecture.
        start: how its weights were drawn.
        seed: of the draw.
        text: what it is trained on.
        order: seed of the order of the text.
        parent: a model of the group whose weights it starts from.
        teacher: a model of the group whose hidden states it imitates.
        frozen: its embeddings are one random table that is not trained, the same in all models.
    """

    group: str
    name: str
    kind: str = "llama"
    start: str = "transformers"
    seed: int = 0
    text: Text = "library"
    order: int = 0
    parent: str | None = None
    teacher: str | None = None
    frozen: bool = False

    @property
    def folder(self) -> str:
        """Where it lies below the benchmark's folder."""
        return f"{self.group}/{self.name}".replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Case:
    """Two models, of which A is given first, and what is true of them."""

    a: Trained
    b: Trained
    truth: Truth

    @property
    def half(self) -> Half:
        """Whether anything may have been set on it."""
        return "held out" if self.a.group in HELD_OUT else "looked into"


def cases() -> Iterator[Case]:
    """Every pair that is compared."""
    yield from _of_kinds()
    yield from _of_starts()
    yield from _of_teachers()
    yield from _of_tables()


def _of_kinds() -> Iterator[Case]:
    for kind in KINDS:
        one, other = Trained(kind, "one", kind), Trained(kind, "other", kind, seed=1, order=1)
        tuned = Trained(kind, "tuned", kind, text="english", order=2, parent="one")
        yield Case(one, other, "strangers")
        yield Case(other, tuned, "strangers")
        yield Case(one, tuned, "descent")


def _of_starts() -> Iterator[Case]:
    for start in STARTS:
        group = f"start {start}"
        one = Trained(group, "one", start=start)
        yield Case(one, Trained(group, "in another order", start=start, order=1), "one start")
        yield Case(one, Trained(group, "on other text", start=start, text="further on"), "one start")
        yield Case(one, Trained(group, "from another seed", start=start, seed=1), "strangers")


def _of_teachers() -> Iterator[Case]:
    teacher = Trained("teachers", "teacher")
    students = [
        Trained("teachers", f"student {number}", seed=10 + number, order=number, teacher="teacher") for number in (1, 2)
    ]
    yield from (Case(teacher, student, "one basis") for student in students)
    yield Case(*students, "one basis")


def _of_tables() -> Iterator[Case]:
    one, other = (Trained("tables", name, seed=20 + n, order=n, frozen=True) for n, name in enumerate(("one", "other")))
    yield Case(one, other, "one basis")
