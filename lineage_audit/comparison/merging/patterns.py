"""Merges that keep only some elements of each parent's delta: TIES and DARE.

Element by element such a merge adds to the base a sum over the parents that were kept *there*: c_i d_i with one
coefficient a parent (each element one of 2^k predictions), or, where weights are normalised, each kept parent's delta
in proportion to its weight among those kept. Where one parent alone was kept the ratio of the child's delta to the
parent's is the same number everywhere: a spike in the distribution of ratios, which starts the fit. Least squares
alone would give weights shrunk by what was dropped.

Sources: Yadav et al., "TIES-Merging", 2023; Yu et al., "Language models are super Mario" (DARE), 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.merging.streaming import storage_steps

DoubleArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MOST_PARENTS = 4
"""Parents up to which patterns are told apart: there are two to that power."""

LEAST_MATCHED = 0.9
"""Share of clear elements that a pattern must predict to within rounding."""

LEAST_CLEAR = 300
"""Clear elements without which nothing is said."""

_LOOSE = (0.08, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.0)
"""How far from its prediction, relative to the largest one, an element may lie in each round of the fit."""

_ROUGH_ELEMENTS = 80_000
"""Elements of all places together that all rounds but the last are fitted to."""

_ARITHMETIC = 1.5
"""Steps of the stored type that differences, products and sums of deltas may lose together."""

_GAP = 3.0
"""An element is clear where its predictions lie this many tolerances apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Some elements of one place.

    Attributes:
        place: the place's number.
        child: the child's delta from the base, ``[elements]``.
        parents: the parents' deltas, ``[parents, elements]``.
        base: the base's values, ``[elements]``.
        dtype: the child's stored type.
    """

    place: int
    child: DoubleArray
    parents: DoubleArray
    base: DoubleArray
    dtype: str

    def tolerance(self, added: DoubleArray) -> DoubleArray:
        """How far rounding may take the child's delta from what was meant, when at most so much was added.

        It must not look at the child: an element to which nothing was added is smaller and would be rounded less, so
        that dropped elements would be told from kept ones more often than the other way round.
        """
        bits = EXACT_BITS.get(self.dtype, EXACT_BITS["BF16"])
        additions = len(self.parents) if bits > EXACT_BITS["F16"] else 0.05
        steps = storage_steps(np.abs(self.base) + added, self.dtype)
        return (0.5 + additions) * steps + _ARITHMETIC * 2.0**-bits * added

    def thinned(self, elements: int) -> Sample:
        """About so many of the elements, evenly spread."""
        step = max(1, len(self.child) // elements)
        return Sample(self.place, self.child[::step], self.parents[:, ::step], self.base[::step], self.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class Coefficients:
    """What a parent's delta is multiplied by in each pattern.

    Attributes:
        scales: one a parent, ``[parents]``.
        weights: relative weights of the parents, ``[parents]``, summing to one; None where nothing is normalised.
    """

    scales: DoubleArray
    weights: DoubleArray | None

    def by_pattern(self) -> DoubleArray:
        """All patterns' coefficients, ``[patterns, parents]``."""
        members = patterns_of(len(self.scales)).astype(np.float64)
        if self.weights is None:
            return members * self.scales
        held = members * self.weights
        shares: DoubleArray = held / np.maximum(held.sum(axis=1, keepdims=True), 1e-12)
        return shares * self.scales


@dataclass(frozen=True, slots=True, eq=False)
class PatternFit:
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


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The elements of a sample against the predictions.

    Attributes:
        pattern: the nearest pattern of each element, ``[elements]``.
        clear: elements whose predictions lie far enough apart, ``[elements]``.
        matched: clear elements that lie within tolerance of their pattern, ``[elements]``.
        residual: what the nearest pattern leaves of each element, ``[elements]``.
    """

    pattern: IntArray
    clear: BoolArray
    matched: BoolArray
    residual: DoubleArray


_NEAR_MISS = 0.05
"""Distance from a prediction, relative to the largest one, beyond which an element just misses it."""


def patterns_of(parents: int) -> BoolArray:
    """Every set of parents, ``[patterns, parents]``; number 0 is the empty one."""
    codes = np.arange(2**parents)
    return (codes[:, None] >> np.arange(parents)[None, :]) & 1 > 0


def fit_patterns(samples: Sequence[Sample]) -> PatternFit | None:
    """Fit both kinds of coefficients and return the better, or None where neither predicts the elements."""
    if not samples or len(samples[0].parents) > MOST_PARENTS:
        return None
    scales = _spikes(samples)
    if scales is None:
        return None
    few = [sample.thinned(_ROUGH_ELEMENTS // len(samples) + 50) for sample in samples]
    found, matched = _fitted_roughly(few, Coefficients(scales, None))
    if len(scales) > 1 and matched < 0.999:
        start = Coefficients(scales, _rough_weights(few, scales))
        found = max((found, matched), _fitted_roughly(few, start), key=lambda one: one[1])[0]
    best = _fitted_by_place(samples, found)
    clear = sum(int(one.clear.sum()) for one in best.matches)
    return best if best.matched_share >= LEAST_MATCHED and clear >= LEAST_CLEAR else None


def match(sample: Sample, coefficients: Coefficients, loose: float = 0.0) -> Matches:
    """Hold each element of a sample against every pattern's prediction."""
    predictions = coefficients.by_pattern() @ sample.parents
    largest = np.abs(predictions).max(axis=0)
    tolerance = sample.tolerance(largest) + loose * largest
    ordered = np.sort(predictions, axis=0)
    clear = np.diff(ordered, axis=0).min(axis=0) > _GAP * tolerance
    distances = np.abs(sample.child - predictions)
    pattern = distances.argmin(axis=0)
    nearest = distances[pattern, np.arange(len(pattern))]
    return Matches(pattern, clear, clear & (nearest <= tolerance), nearest)


def _spikes(samples: Sequence[Sample]) -> DoubleArray | None:
    """For each parent the ratio at which the child's delta stands to its own wherever it was kept alone."""
    found = []
    for parent in range(len(samples[0].parents)):
        ratios = np.concatenate([_sharp_ratios(sample, parent) for sample in samples])
        spike = _spike(ratios)
        if spike is None:
            return None
        found.append(spike)
    return np.array(found)


def _sharp_ratios(sample: Sample, parent: int) -> DoubleArray:
    """Ratios that rounding blurs by little; where there are few, those that it blurs least."""
    delta = sample.parents[parent]
    sharpness = np.abs(delta) / storage_steps(sample.base, sample.dtype)
    edge = min(100.0, float(np.quantile(sharpness, 0.9)))
    chosen = (sharpness >= edge) & (delta != 0)
    ratios: DoubleArray = sample.child[chosen] / delta[chosen]
    return ratios


def _spike(ratios: DoubleArray) -> float | None:
    """The ratio that far more elements share than their neighbourhood would have."""
    best, found = 0.0, None
    for sign in (1.0, -1.0):
        sizes = sign * ratios
        logs = np.log(sizes[(sizes > 0.02) & (sizes < 50.0)])
        if len(logs) < 50:
            continue
        counts, edges = np.histogram(logs, bins=np.arange(np.log(0.02), np.log(50.0), 0.02))
        around = np.convolve(counts, np.ones(21) / 21, mode="same")
        excess = counts - around
        top = int(excess.argmax())
        if excess[top] > best:
            best, found = float(excess[top]), sign * _centre(logs, (edges[top] + edges[top + 1]) / 2)
    return found if best > 0.01 * len(ratios) else None


def _centre(logs: DoubleArray, middle: float) -> float:
    """The spike's place, narrowed down by medians."""
    for width in (0.03, 0.01, 0.003):
        near = logs[np.abs(logs - middle) < width]
        middle = float(np.median(near)) if len(near) else middle
    return float(np.exp(middle))


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
    bound = sample.tolerance(largest) + _NEAR_MISS * largest
    return float(np.minimum(nearest / bound, 1.0).sum())


def _matched_share(matches: Sequence[Matches]) -> float:
    """Share of clear elements that match their pattern."""
    clear = sum(int(found.clear.sum()) for found in matches)
    return sum(int(found.matched.sum()) for found in matches) / max(1, clear)


def _fitted_roughly(few: Sequence[Sample], start: Coefficients) -> tuple[Coefficients, float]:
    """Match and fit in turn, ever more strictly; also returns the share of clear elements that match in the end."""
    common = start
    for loose in _LOOSE:
        for _ in range(2):
            grams = [pattern_grams(sample, match(sample, common, loose)) for sample in few]
            common = _step(common, np.sum(grams, axis=0))
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
    common = _step(common, np.sum(grams, axis=0))
    return common, [_step(common, gram) for gram in grams]


def pattern_grams(sample: Sample, found: Matches) -> DoubleArray:
    """Inner products of the child's and the parents' deltas over each pattern's matched elements.

    Returns:
        ``[patterns, 1 + parents, 1 + parents]``.
    """
    count = 2 ** len(sample.parents)
    vectors = np.vstack([sample.child, sample.parents])
    grams = np.zeros((count, len(vectors), len(vectors)))
    for pattern in range(1, count):
        chosen = vectors[:, found.matched & (found.pattern == pattern)]
        grams[pattern] = chosen @ chosen.T
    return grams


def newton_terms(coefficients: Coefficients, grams: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
    """Gradient and curvature of the squared residual in the coefficients' free numbers.

    Args:
        coefficients: where they are taken.
        grams: ``[..., patterns, 1 + parents, 1 + parents]``.

    Returns:
        ``[..., numbers]`` and ``[..., numbers, numbers]``; a Newton step adds curvature⁻¹ gradient.
    """
    free = to_free(coefficients)
    values = coefficients.by_pattern()
    step = 1e-6
    slopes = np.stack(
        [(from_free(coefficients, free + step * unit).by_pattern() - values) / step for unit in np.eye(len(free))]
    )
    left = grams[..., 1:, 0] - np.einsum("...pij,pj->...pi", grams[..., 1:, 1:], values)
    gradient = np.einsum("npi,...pi->...n", slopes, left)
    curvature = np.einsum("npi,...pij,mpj->...nm", slopes, grams[..., 1:, 1:], slopes)
    return gradient, curvature


def to_free(coefficients: Coefficients) -> DoubleArray:
    """The numbers that a fit may move: the scales, and the logarithms of all weights but the first over the first."""
    if coefficients.weights is None:
        return coefficients.scales.copy()
    logs = np.log(np.maximum(coefficients.weights, 1e-9))
    return np.concatenate([coefficients.scales, logs[1:] - logs[0]])


def from_free(like: Coefficients, free: DoubleArray) -> Coefficients:
    """Coefficients of the same kind from their free numbers."""
    parents = len(like.scales)
    if like.weights is None:
        return Coefficients(free, None)
    weights = np.exp(np.clip(np.concatenate([[0.0], free[parents:]]), -20, 20))
    return Coefficients(free[:parents], weights / weights.sum())


def _step(coefficients: Coefficients, grams: DoubleArray) -> Coefficients:
    """One Newton step; numbers on which nothing depends stay."""
    gradient, curvature = newton_terms(coefficients, grams)
    free = to_free(coefficients)
    known = np.diagonal(curvature) > 1e-12 * max(float(np.diagonal(curvature).max(initial=0.0)), 1e-300)
    if not known.any():
        return coefficients
    move = np.linalg.lstsq(curvature[np.ix_(known, known)], gradient[known], rcond=1e-8)[0]
    bound = 0.2 * np.maximum(np.abs(free[known]), 0.5)
    free[known] += np.clip(move, -bound, bound)
    return from_free(coefficients, free)
