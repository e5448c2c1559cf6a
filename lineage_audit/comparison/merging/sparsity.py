"""What was kept of each parent's delta: how much, whether by size or at random, and whether signs were elected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.merging.patterns import Coefficients, Matches, Sample, patterns_of
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Eligible:
    """Elements in which nothing but density decides whether a parent was kept.

    Attributes:
        kept: whether the parent was kept, ``[elements]``.
        rank: the parent's delta by size within its place, 0 the smallest to 1 the largest, ``[elements]``.
        place: the sample's number, ``[elements]``.
    """

    kept: BoolArray
    rank: DoubleArray
    place: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sparsity:
    """How a merge chose its elements.

    Attributes:
        densities: share of each parent's delta that was kept, ``[parents]``.
        by_size: the largest were kept, rather than a random draw.
        elects_signs: where parents disagree in sign, one side was left out.
    """

    densities: DoubleArray
    by_size: bool
    elects_signs: bool


def measure_sparsity(
    samples: Sequence[Sample], matches: Sequence[Matches], coefficients: Coefficients
) -> tuple[Sparsity, tuple[Eligible, ...]]:
    """Read off the matched patterns how elements were chosen; also returns what the densities were counted on."""
    parents = len(coefficients.scales)
    eligible = tuple(_eligible(samples, matches, coefficients, parent) for parent in range(parents))
    cuts = [_cut_by_size(one) for one in eligible]
    rates = np.array([float(one.kept.mean()) if len(one.kept) else 1.0 for one in eligible])
    random_sign = sum(min(rate, 1 - rate) * len(one.kept) for rate, one in zip(rates, eligible, strict=True))
    by_size = sum(errors for _, errors in cuts) <= MERGE_METHODS.by_size_errors * random_sign
    densities = np.array([cut for cut, _ in cuts]) if by_size else rates
    densities = np.where(densities > MERGE_METHODS.whole, 1.0, densities)
    elects = _elects_signs(samples, matches, coefficients, rates)
    return Sparsity(densities, by_size, elects), eligible


def _eligible(
    samples: Sequence[Sample], matches: Sequence[Matches], coefficients: Coefficients, parent: int
) -> Eligible:
    """Clear elements in which all parents' contributions point one way, so that no election can leave one out."""
    kept, ranks, places = [], [], []
    for number, (sample, found) in enumerate(zip(samples, matches, strict=True)):
        signs = np.sign(sample.parents * coefficients.scales[:, None])
        agreeing = np.abs(signs.sum(axis=0)) == np.abs(signs).sum(axis=0)
        chosen = np.flatnonzero(found.matched & agreeing & (sample.parents[parent] != 0))
        kept.append((found.pattern[chosen] >> parent) & 1 > 0)
        ranks.append(_ranks(np.abs(sample.parents[parent]))[chosen])
        places.append(np.full(len(chosen), number))
    return Eligible(np.concatenate(kept), np.concatenate(ranks), np.concatenate(places))


def _ranks(sizes: DoubleArray) -> DoubleArray:
    ranks = np.empty(len(sizes))
    ranks[np.argsort(sizes, kind="stable")] = (np.arange(len(sizes)) + 0.5) / len(sizes)
    return ranks


def _cut_by_size(eligible: Eligible) -> tuple[float, int]:
    """The density whose cut by size makes the fewest errors, and how many."""
    if not len(eligible.kept):
        return 1.0, 0
    order = np.argsort(eligible.rank)
    kept = eligible.kept[order]
    # Cutting below position i: kept ones below are errors, and dropped ones above.
    errors = np.concatenate([[0], np.cumsum(kept)]) + np.concatenate([np.cumsum(~kept[::-1])[::-1], [0]])
    best = int(errors.argmin())
    ranks = eligible.rank[order]
    edge = 0.0 if best == 0 else float(ranks[best - 1 : best + 1].mean())
    return 1.0 - edge, int(errors[best])


def _elects_signs(
    samples: Sequence[Sample], matches: Sequence[Matches], coefficients: Coefficients, rates: DoubleArray
) -> bool:
    """Tell whether patterns that hold both signs are rarer than a merge that adds everything kept would have."""
    held = patterns_of(len(rates))
    expected = found_both = 0.0
    for sample, found in zip(samples, matches, strict=True):
        contributions = sample.parents[:, found.matched] * coefficients.scales[:, None]
        up, down = contributions > 0, contributions < 0
        dropped = (1 - rates)[:, None]
        some_up = 1 - np.where(up, dropped, 1.0).prod(axis=0)
        some_down = 1 - np.where(down, dropped, 1.0).prod(axis=0)
        expected += float((some_up * some_down).sum())
        kept = held[found.pattern[found.matched]].T
        found_both += float(((kept & up).any(axis=0) & (kept & down).any(axis=0)).sum())
    return expected > 0 and found_both < 0.3 * expected
