"""Rejections by test and by world, against what an exact test may give."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LEVELS = (1e-2, 1e-3, 1e-4)
CONFIDENCE = 0.99
"""An exact test exceeds its bound in fewer than one in a hundred such counts."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What the exact tests say of one pair: log10 p by test."""

    world: str
    number: int
    log10_p: Mapping[str, float]


def most_rejections(pairs: int, level: float) -> int:
    """Rejections that an exact test exceeds in less than one of a hundred counts of so many pairs."""
    from scipy import stats

    return int(stats.binom.ppf(CONFIDENCE, pairs, level))


def table(pairs: Sequence[Pair]) -> tuple[list[str], bool]:
    """Lines to print, by test and by world, and whether every test keeps to its bounds over all worlds."""
    by_test: dict[str, list[float]] = defaultdict(list)
    by_world: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        for test, log10_p in pair.log10_p.items():
            by_test[test].append(log10_p)
            by_world[pair.world].append(log10_p)
    heads = "".join(f"{f'p <= {level:g}':>16}" for level in LEVELS)
    lines = [f"{'exact test':36}{'pairs':>8}{heads}{'smallest':>10}"]
    holds = True
    for test, values in sorted(by_test.items()):
        lines.append(f"{test:36}{_counts(values)}")
        holds &= all(rejections(values, level) <= most_rejections(len(values), level) for level in LEVELS)
    lines += ["", f"{'world (all tests together)':36}{'p-values':>8}{heads}{'smallest':>10}"]
    lines += [f"{world:36}{_counts(values)}" for world, values in sorted(by_world.items())]
    return lines, holds


def rejections(values: Iterable[float], level: float) -> int:
    """How many p-values (log10) are at or below a level."""
    return sum(value <= math.log10(level) for value in values)


def _counts(values: Sequence[float]) -> str:
    cells = "".join(
        f"{f'{rejections(values, level)} of {most_rejections(len(values), level)}':>16}" for level in LEVELS
    )
    return f"{len(values):8,}{cells}{f'10^{min(values):.1f}':>10}"
