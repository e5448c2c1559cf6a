"""Rejections by test and by world, against what an exact test may give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

WORLD_LEVELS = (1e-2, 1e-3)
"""Levels at which rejections are counted in each world."""

LEVELS = (*WORLD_LEVELS, 1e-4)
"""And over all worlds."""

CONFIDENCE = 0.99
"""An exact test exceeds its bound in fewer than one in a hundred such counts."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What the exact tests say of all pairs of a pool: by test log10 p of every pair that it speaks of."""

    world: str
    number: int
    pairs: int
    log10_p: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Count:
    """How often one test rejected at one level, over all worlds or in one.

    Attributes:
        test: the test.
        world: the world, or None for all.
        level: the level.
        pairs: how many p-values there are.
        rejections: those at or below the level.
    """

    test: str
    world: str | None
    level: float
    pairs: int
    rejections: int

    @property
    def most(self) -> int:
        """Rejections that an exact test exceeds in less than one of a hundred counts of so many pairs."""
        return most_rejections(self.pairs, self.level)

    @property
    def exceeds(self) -> bool:
        """Whether there are more."""
        return self.rejections > self.most

    @property
    def excess(self) -> float:
        """By how many standard deviations there are more than expected."""
        expected = self.pairs * self.level
        return (self.rejections - expected) / max(expected, 1e-9) ** 0.5

    @property
    def sentence(self) -> str:
        """The count in words."""
        return (
            f"{self.world or 'all worlds'}: {self.test} rejects {self.rejections:,} of {self.pairs:,} at "
            f"{self.level:g}, where {self.pairs * self.level:,.1f} are expected and {self.most:,} allowed"
        )


@cache
def most_rejections(pairs: int, level: float, confidence: float = CONFIDENCE) -> int:
    """Rejections that an exact test exceeds in fewer counts of so many pairs than its confidence leaves."""
    from scipy import stats

    return int(stats.binom.ppf(confidence, pairs, level))


def by_test(pools: Sequence[Pool]) -> dict[str, npt.NDArray[np.float64]]:
    """All values of log10 p of every test, in order of the tests' names."""
    tests = sorted({test for pool in pools for test in pool.log10_p})
    return {test: np.concatenate([pool.log10_p[test] for pool in pools if test in pool.log10_p]) for test in tests}


def counts(pools: Sequence[Pool]) -> list[Count]:
    """Every count: of each test over all worlds at all levels, and in each world at the levels of worlds."""
    worlds = sorted({pool.world for pool in pools})
    return [
        *_counted(pools, None, LEVELS),
        *(
            count
            for world in worlds
            for count in _counted([pool for pool in pools if pool.world == world], world, WORLD_LEVELS)
        ),
    ]


def _counted(pools: Sequence[Pool], world: str | None, levels: Sequence[float]) -> Iterator[Count]:
    for test, values in by_test(pools).items():
        for level in levels:
            yield Count(test, world, level, len(values), int((values <= np.log10(level)).sum()))


def holds(found: Sequence[Count]) -> bool:
    """Whether no count is beyond what chance gives the largest of so many, nor more of them beyond their own bounds."""
    confidence = 1.0 - (1.0 - CONFIDENCE) / max(1, len(found))
    if any(count.rejections > most_rejections(count.pairs, count.level, confidence) for count in found):
        return False
    return sum(count.exceeds for count in found) <= most_rejections(len(found), 1.0 - CONFIDENCE)


def table(pools: Sequence[Pool]) -> list[str]:
    """Lines to print: each test over all worlds, each world at its worst, and every count beyond its bound."""
    found = counts(pools)
    beyond = [count for count in found if count.exceeds]
    chance = most_rejections(len(found), 1.0 - CONFIDENCE)
    return [
        *_by_test(pools, found),
        "",
        *_by_world(pools, found),
        "",
        f"{len(beyond)} of {len(found):,} counts are beyond their bound of {CONFIDENCE:.0%}; chance gives {chance} at "
        "most where every test rejects as often as it may",
        *(f"  {count.sentence}" for count in beyond),
    ]


def _by_test(pools: Sequence[Pool], found: Sequence[Count]) -> Iterator[str]:
    yield f"{'exact test':28}{'pairs':>9}" + "".join(f"{f'p <= {level:g}':>17}" for level in LEVELS) + "  smallest"
    for test, values in by_test(pools).items():
        own = [count for count in found if count.test == test and count.world is None]
        cells = "".join(f"{f'{count.rejections:,} of {count.most:,}':>17}" for count in own)
        yield f"{test:28}{len(values):9,}{cells}{f'10^{values.min():.1f}':>10}"


def _by_world(pools: Sequence[Pool], found: Sequence[Count]) -> Iterator[str]:
    yield f"{'world':34}{'pairs':>8}  the test that rejects most"
    for world in sorted({pool.world for pool in pools}):
        pairs = sum(pool.pairs for pool in pools if pool.world == world)
        own = [count for count in found if count.world == world]
        worst = (max((c for c in own if c.level == level), key=lambda count: count.excess) for level in WORLD_LEVELS)
        cells = ", ".join(f"{c.rejections:,} of {c.most:,} at {c.level:g} ({c.test})" for c in worst)
        yield f"{world:34}{pairs:8,}  {cells}"
