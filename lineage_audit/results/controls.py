"""Numbers that people quote of two models, each beside what unrelated models give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ControlKind = Literal["here", "zoo", "library", "published"]


@dataclass(frozen=True, slots=True)
class Control:
    """What unrelated weights give.

    Attributes:
        name: which models or layers.
        kind: measured in this run on the same two models, on the project's trained models, in this run on models of a
            library, or published.
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


@dataclass(frozen=True, slots=True)
class DifferenceHistogram:
    """How B's weights differ from A's, in standard deviations of A's weights, over the rows that were kept.

    Attributes:
        edges: of the bins.
        here: the share of all differences in each bin; what lies beyond the ends is in none.
        other_rows: the same of B's rows and A's neighbouring ones: what weights that have nothing in common give.
    """

    edges: tuple[float, ...]
    here: tuple[float, ...]
    other_rows: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DeviationCurve:
    """The standard deviation of one role's matrices, layer by layer.

    Attributes:
        role: the role.
        layers: layers of B.
        a: of A's matrices.
        b: of B's.
    """

    role: str
    layers: tuple[int, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class QuotedFigures:
    """What people draw of two models; nothing follows from it.

    Attributes:
        differences: the histogram of their differences, or None where no weights were kept.
        deviations: standard deviations over the layers, a role each.
    """

    differences: DifferenceHistogram | None
    deviations: tuple[DeviationCurve, ...]
