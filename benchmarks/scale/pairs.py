"""Which pairs are compared, and which answers are right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.scale.kinds import KINDS
from benchmarks.scale.shapes import SHAPES
from lineage_audit.results import Relation

_APART: frozenset[Relation] = frozenset({"independent"})


@dataclass(frozen=True, slots=True)
class ScalePair:
    """Two repositories and what is true of them.

    Attributes:
        a: model A.
        b: model B.
        right: the relations that are right.
        operations: the operations that should be named.
    """

    a: str
    b: str
    right: frozenset[Relation]
    operations: tuple[str, ...] = ()


ACROSS: tuple[ScalePair, ...] = (
    ScalePair("llama-2-70b/base", "yi-34b/base", _APART),
    ScalePair("llama-3.1-8b/base", "llama-2-7b/independent", _APART),
    ScalePair("llama-3.1-8b/base", "mixtral-8x7b/independent", _APART),
    ScalePair("llama-2-70b/base", "qwen2.5-72b/independent", _APART),
    ScalePair("yi-34b/base", "deepseek-v3/base", _APART),
)
"""Independent pairs of different shapes. Bases of one width and depth are drawn from one seed, and share weights."""


def pairs(shapes: Sequence[str], kinds: Sequence[str]) -> Iterator[ScalePair]:
    """Every kind of every shape against the base that it was made from."""
    for shape in shapes:
        for name in kinds:
            kind = KINDS[name]
            if kind.applies(SHAPES[shape]) and kind.right != {"identical"}:
                base = kind.base if "/" in kind.base else f"{shape}/{kind.base}"
                yield ScalePair(base, f"{shape}/{name}", kind.right, kind.operations)


def strangers(shape: str, count: int) -> Iterator[ScalePair]:
    """Independent pairs, each model in one of them alone."""
    for number in range(count):
        a, b = (f"{shape}/independent-n{1 + 2 * number + side}" for side in (0, 1))
        yield ScalePair(a, b, _APART)
