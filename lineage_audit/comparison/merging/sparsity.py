"""What was kept of each parent's delta: how much, whether by size or at random, and whether signs were elected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.comparison.merging.patterns import Coefficients, Matches, Sample, patterns_of
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

DoubleArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Eligible(Struct, frozen=True, eq=False):
    """Elements in which nothing but density decides whether a parent was kept.

    Attributes:
        kept: whether the parent was kept, ``[elements]``.
        rank: the parent's delta by size within its place, 0 the smallest to 1 the largest, ``[elements]``.
        place: the sample's number, ``[elements]``.
    """

    kept: BoolArray
    rank: DoubleArray
    place: npt.NDArray[np.int64]


class Sparsity(Struct, frozen=True, eq=False):
    """How a merge chose its elements.

    Attributes:
        densities: share of each parent's delta that was kept, ``[parents]``.
        outliers: share of each parent's delta that was dropped for being the largest, ``[parents]``.
        by_size: the largest were kept, rather than a random draw.
        elects_signs: where parents disagree in sign, one side was left out.
    """

    densities: DoubleArray
    outliers: DoubleArray
    by_size: bool
    elects_signs: bool


def measure_sparsity(
    samples: Sequence[Sample], matches: Sequence[Matches], coefficients: Coefficients
) -> tuple[Sparsity, tuple[Eligible, ...]]:
    """Read off the matched patterns how elements were chosen; also returns what the densities were counted on."""
    parents = len(coefficients.scales)
    eligible = tuple(_eligible(samples, matches, coefficients, parent) for parent in range(parents))
    bands = [_band_of_sizes(one) for one in eligible]
    rates = np.array([float(one.kept.mean()) if len(one.kept) else 1.0 for one in eligible])
    random_sign = sum(min(rate, 1 - rate) * len(one.kept) for rate, one in zip(rates, eligible, strict=True))
    by_size = sum(band.errors for band in bands) <= MERGE_METHODS.by_size_errors * random_sign
    densities = np.array([band.high - band.low for band in bands]) if by_size else rates
    densities = np.where(densities > MERGE_METHODS.whole, 1.0, densities)
    outliers = np.array([1.0 - band.high if by_size else 0.0 for band in bands])
    elects = _elects_signs(samples, matches, coefficients, rates)
    return Sparsity(densities, outliers, by_size, elects), eligible


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


class _Band(Struct, frozen=True):
    """Ranks of what was kept, and how many elements were kept outside or dropped inside."""

    low: float
    high: float
    errors: int


def _band_of_sizes(eligible: Eligible) -> _Band:
    """The band of sizes that explains with the fewest errors what was kept."""
    if not len(eligible.kept):
        return _Band(0.0, 1.0, 0)
    order = np.argsort(eligible.rank)
    kept, ranks = eligible.kept[order], eligible.rank[order]
    # Up to each place, how many more were kept than dropped: a band gains what its ends differ by.
    gained = np.concatenate([[0], np.cumsum(np.where(kept, 1, -1))])
    least = np.minimum.accumulate(gained)
    high = int((gained - least).argmax())
    low = int(gained[: high + 1].argmin())
    edges = np.concatenate([[0.0], (ranks[1:] + ranks[:-1]) / 2, [1.0]])
    ends = float(edges[low]), float(edges[high])
    errors = int(kept.sum() - (gained[high] - gained[low]))
    return _Band(ends[0], ends[1] if 1.0 - ends[1] >= MERGE_METHODS.least_outliers else 1.0, errors)


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
