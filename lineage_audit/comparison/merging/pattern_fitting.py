"""Fit the coefficients of a merge that keeps only some elements: match and fit in turn, ever more strictly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from msgspec import Struct

from lineage_audit.comparison.merging.pattern_newton import newton_step, pattern_grams
from lineage_audit.comparison.merging.pattern_spikes import find_spikes
from lineage_audit.comparison.merging.patterns import Coefficients, DoubleArray, Matches, Sample, match
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

_MOST_PARENTS = 4
"""Parents up to which patterns are told apart: there are two to that power."""


_LOOSE = (0.08, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.0)
"""How far from its prediction, relative to the largest one, an element may lie in each round of the fit."""

_ROUGH_ELEMENTS = 80_000
"""Elements of all places together that all rounds but the last are fitted to."""


class PatternFit(Struct, frozen=True, eq=False):
    """Coefficients, and which elements they predict.

    Attributes:
        coefficients: over all places.
        by_place: fitted to each sample on its own.
        matches: for each sample, what its elements match.
        matched_share: share of clear elements that match.
    """

    coefficients: Coefficients
    by_place: tuple[Coefficients, ...]
    matches: tuple[Matches, ...]
    matched_share: float


def fit_patterns(samples: Sequence[Sample]) -> PatternFit | None:
    """Fit both kinds of coefficients and return the better, or None where neither predicts the elements."""
    if not samples or len(samples[0].parents) > _MOST_PARENTS:
        return None
    scales = find_spikes(samples)
    if scales is None:
        return None
    few = [sample.thinned(_ROUGH_ELEMENTS // len(samples) + 50) for sample in samples]
    found, matched = _fitted_roughly(few, Coefficients(scales, None))
    if len(scales) > 1 and matched < 0.999:
        start = Coefficients(scales, _rough_weights(few, scales))
        found = max((found, matched), _fitted_roughly(few, start), key=lambda one: one[1])[0]
    best = _fitted_by_place(samples, found)
    clear = sum(int(one.clear.sum()) for one in best.matches)
    return best if best.matched_share >= MERGE_METHODS.least_matched and clear >= MERGE_METHODS.least_clear else None


def _fitted_roughly(few: Sequence[Sample], start: Coefficients) -> tuple[Coefficients, float]:
    """Match and fit in turn, ever more strictly; also returns the share of clear elements that match in the end."""
    common = start
    for loose in _LOOSE:
        for _ in range(2):
            grams = [pattern_grams(sample, match(sample, common, loose)) for sample in few]
            common = newton_step(common, np.sum(grams, axis=0))
    return common, _matched_share([match(sample, common, _LOOSE[4]) for sample in few])


def _fitted_by_place(samples: Sequence[Sample], common: Coefficients) -> PatternFit:
    """Fit all elements; each place gets scales of its own beside the common ones."""
    by_place = [common] * len(samples)
    for loose in (_LOOSE[4], _LOOSE[-1]):
        common, by_place = _fitted(samples, by_place, common, loose)
    matches = [match(sample, own) for sample, own in zip(samples, by_place, strict=True)]
    return PatternFit(common, tuple(by_place), tuple(matches), _matched_share(matches))


def _fitted(
    samples: Sequence[Sample], by_place: Sequence[Coefficients], common: Coefficients, loose: float
) -> tuple[Coefficients, list[Coefficients]]:
    """One round: what matches now, and the coefficients that fit it, in common and by place."""
    grams = [pattern_grams(sample, match(sample, own, loose)) for sample, own in zip(samples, by_place, strict=True)]
    common = newton_step(common, np.sum(grams, axis=0))
    return common, [newton_step(common, gram) for gram in grams]


def _rough_weights(few: Sequence[Sample], scales: DoubleArray) -> DoubleArray:
    """The relative weights under which the elements lie nearest to their predictions, over a grid."""
    fewer = [sample.thinned(len(sample.child) // 2) for sample in few]
    steps = {2: 40, 3: 12}.get(len(scales), 7)
    best, chosen = np.inf, np.full(len(scales), 1 / len(scales))
    for counts in product(range(1, steps), repeat=len(scales)):
        if sum(counts) != steps:
            continue
        weights = np.array(counts) / steps
        missed = sum(_missed(sample, Coefficients(scales, weights)) for sample in fewer)
        if missed < best:
            best, chosen = missed, weights
    return chosen


def _missed(sample: Sample, coefficients: Coefficients) -> float:
    """How far the elements lie from their nearest predictions, far ones counted no more than near misses."""
    predictions = coefficients.by_pattern() @ sample.parents
    nearest = np.abs(sample.child - predictions).min(axis=0)
    largest = np.abs(predictions).max(axis=0)
    bound = sample.tolerance(largest) + MERGE_METHODS.near_miss * largest
    return float(np.minimum(nearest / bound, 1.0).sum())


def _matched_share(matches: Sequence[Matches]) -> float:
    """Share of clear elements that match their pattern."""
    clear = sum(int(found.clear.sum()) for found in matches)
    return sum(int(found.matched.sum()) for found in matches) / max(1, clear)
