"""Which merges are made of which models of the zoo: methods, numbers of parents, weights drawn once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.unmix.merging import METHODS

FAMILIES = ("llama-1", "gpt2-1", "mistral-1", "qwen2-1", "gemma-1", "neox-1", "mixtral-1")
FINE_TUNES = ("light", "heavy", "continued", "continued-twice")
"""Descendants of a base that are merged, where a half has them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One merge.

    Attributes:
        base: folder of the base.
        parents: folders of what is merged.
        method: a name of `merging.METHODS`.
        weights: one a parent.
        density: for TIES and DARE.
        seed: of what is dropped at random.
    """

    base: Path
    parents: tuple[Path, ...]
    method: str
    weights: tuple[float, ...]
    density: float
    seed: int

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.base.name} {self.method} of {len(self.parents)}"


def cases(zoo: Path, half: str) -> Iterator[Case]:
    """Every method with two and three parents (SLERP: two) in every family of a half."""
    for number, family in enumerate(FAMILIES):
        base = zoo / half / family
        found = [zoo / half / f"{family}_{tuned}" for tuned in FINE_TUNES]
        parents = tuple(path for path in found if path.exists())[:3]
        for method in METHODS:
            for count in (2, 3) if method != "slerp" else (2,):
                seed = 100 * number + 10 * list(METHODS).index(method) + count
                drawn = random.Random(f"{half} {seed}")
                weights = _weights(drawn, count, method)
                yield Case(base, parents[:count], method, weights, round(drawn.uniform(0.3, 0.8), 2), seed)


def _weights(drawn: random.Random, count: int, method: str) -> tuple[float, ...]:
    """Weights of at least .15; those of methods that average sum to one."""
    raw = [drawn.uniform(0.2, 1.0) for _ in range(count)]
    scale = 1.0 if method in _FREE else 1.0 / sum(raw)
    rounded = [round(scale * weight, 2) for weight in raw]
    if method not in _FREE:
        rounded[-1] = round(1 - sum(rounded[:-1]), 2)
    return tuple(rounded)


_FREE: Mapping[str, bool] = dict.fromkeys(("task-arithmetic", "dare-linear", "dare-ties"), True)
"""Methods whose weights need not sum to one."""
