"""Merges that keep only some elements of each parent's delta: TIES and DARE.

Element by element such a merge adds to the base a sum over the parents that were kept *there*: c_i d_i with one
coefficient a parent (each element one of 2^k predictions), or, where weights are normalised, each kept parent's delta
in proportion to its weight among those kept. Where one parent alone was kept the ratio of the child's delta to the
parent's is the same number everywhere: a spike in the distribution of ratios, which starts the fit. Least squares
alone would give weights shrunk by what was dropped.

Sources: Yadav et al., "TIES-Merging", 2023; Yu et al., "Language models are super Mario" (DARE), 2023.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint.dtypes import EXACT_BITS
from lineage_audit.comparison.merging.streaming import storage_steps
from lineage_audit.comparison.verdict.thresholds import MERGE_METHODS

DoubleArray = npt.NDArray[np.float64]

IntArray = npt.NDArray[np.int64]

BoolArray = npt.NDArray[np.bool_]


class Sample(Struct, frozen=True, eq=False):
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
        return (0.5 + additions) * steps + MERGE_METHODS.arithmetic * 2.0**-bits * added

    def thinned(self, elements: int) -> Sample:
        """About so many of the elements, evenly spread."""
        step = max(1, len(self.child) // elements)
        return Sample(self.place, self.child[::step], self.parents[:, ::step], self.base[::step], self.dtype)


class Coefficients(Struct, frozen=True, eq=False):
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


class Matches(Struct, frozen=True, eq=False):
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


def patterns_of(parents: int) -> BoolArray:
    """Every set of parents, ``[patterns, parents]``; number 0 is the empty one."""
    codes = np.arange(2**parents)
    return (codes[:, None] >> np.arange(parents)[None, :]) & 1 > 0


def match(sample: Sample, coefficients: Coefficients, loose: float = 0.0) -> Matches:
    """Hold each element of a sample against every pattern's prediction."""
    predictions = coefficients.by_pattern() @ sample.parents
    largest = np.abs(predictions).max(axis=0)
    tolerance = sample.tolerance(largest) + loose * largest
    ordered = np.sort(predictions, axis=0)
    clear = np.diff(ordered, axis=0).min(axis=0) > MERGE_METHODS.gap * tolerance
    distances = np.abs(sample.child - predictions)
    pattern = distances.argmin(axis=0)
    nearest = distances[pattern, np.arange(len(pattern))]
    return Matches(pattern, clear, clear & (nearest <= tolerance), nearest)
