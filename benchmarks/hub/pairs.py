"""The published pairs: a table of facts, and what each of them makes true of a pair.

``pairs.tsv`` holds two repositories a line, their relation, the direction where the source states one, how the one was
made of the other, and the source: the tables of Zhu et al. ("Independence Tests for Language Models"), of AWM, and of
the MPK benchmark. Three facts are our own reading. DistilBERT and DistilGPT2 were initialised from layers of their
teachers, so weights pass; TinyBERT was not. Pythia against Pythia-deduped is left unsettled.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from benchmarks.zoo.truth import Truth
from lineage_audit.results import Direction, OperationKind, Relation

PAIRS = Path(__file__).with_name("pairs.tsv")

Known = Literal["derived", "siblings", "independent", "unsettled"]

_ACCEPTED: dict[Known, frozenset[Relation]] = {
    "derived": frozenset({"derived"}),
    "siblings": frozenset({"derived", "shared-origin"}),
    "independent": frozenset({"independent"}),
    "unsettled": frozenset({"derived", "shared-origin", "independent"}),
}
_KINSHIP: dict[Known, str] = {
    "derived": "descent",
    "siblings": "kin",
    "independent": "unrelated",
    "unsettled": "unsettled",
}
"""The group of the zoo's tables in which a pair is counted."""

_FORM_ALONE = ("identity", "quantization")
"""How a model may be made so that only its form changes, and ``identical`` is right too."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """A repository by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class HubPair:
    """Two repositories and what is known of them.

    Attributes:
        a: model A.
        b: model B.
        known: the relation that the source states.
        direction: the direction that it states, or None.
        how: how one was made of the other, in words.
        source: who says so.
    """

    a: HubModel
    b: HubModel
    known: Known
    direction: Direction | None
    how: str
    source: str

    @property
    def key(self) -> tuple[str, str]:
        """The two names."""
        return self.a.name, self.b.name

    def judged(self, said: str) -> JudgedHubPair:
        """The pair with its truth; where no source states a direction, the one that was ``said`` is not judged."""
        return JudgedHubPair(self.a, self.b, _KINSHIP[self.known], self._truth(said))

    def _truth(self, said: str) -> Truth:
        accepted = _ACCEPTED[self.known]
        if self.known == "derived" and self.how in _FORM_ALONE:
            accepted = accepted | {"identical"}
        relation: Relation = "independent" if self.known == "independent" else "derived"
        stated = "undetermined" if self.known == "siblings" else self.direction or said
        return Truth(relation, accepted, stated, (), get_args(OperationKind))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class JudgedHubPair:
    """A pair with the truth that an answer is held against, as the zoo's tables take it."""

    a: HubModel
    b: HubModel
    kinship: str
    truth: Truth
    named_parents: tuple[HubModel, ...] = ()


def read_pairs(path: Path = PAIRS) -> tuple[HubPair, ...]:
    """Read a table: the project's own, or any list with the columns a, b, relation, how and source.

    A list without a column for the direction may state it under ``how``. What it calls distilled is left unsettled:
    some students were begun with layers of their teachers.

    Raises:
        ValueError: a line states a relation or direction that does not exist.
    """
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_pair(row, number) for number, row in enumerate(csv.DictReader(file, delimiter="\t"), start=2))


def _pair(row: dict[str, str], line: int) -> HubPair:
    known = "unsettled" if row["relation"] == "distilled" else row["relation"]
    direction = row["direction"] or None if "direction" in row else _direction_in(row["how"])
    if known not in get_args(Known) or (direction is not None and direction not in get_args(Direction)):
        raise ValueError(f"line {line}: relation {known!r} and direction {direction!r} are not both known")
    return HubPair(HubModel(row["a"]), HubModel(row["b"]), known, direction, row["how"], row["source"])  # type: ignore[arg-type]


def _direction_in(how: str) -> str | None:
    return how if how in get_args(Direction) else None
