"""How likely fair random signs give so large a sum: counted where they are few, bounded where they are many.

Given the sizes of the terms, only their signs are random. The sum is at least the one seen exactly where the terms
that came up negative are together no larger than those that did in fact, so that sets of negative terms are counted by
their total size, on a grid that rounds every size down: what is counted is never less than the truth.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

DoubleArray = npt.NDArray[np.float64]

COUNTED_RANDOM_SIGNS = 64
"""Random signs up to which their outcomes are counted; above, Hoeffding's bound loses little."""

_WORTH_COUNTING = -0.4
"""Hoeffding's bound above which outcomes are not counted: they would be one in ten or more."""

_STEPS = 2**14
"""Steps of the grid on which sizes are counted; a finer one changes log10 p by less than .01."""

_BELOW = 1.0 - 1e-12
"""Sizes are rounded down from this much less, so that no rounding of a float carries one up a step."""

_POWER = 0.9
"""How often a relation at a stated limit is to be found."""

_UNLUCKY = 0.97
"""The same for few random signs, to the number of which a normal sum is no good guide."""

_HALVINGS = 12

_LN10 = math.log(10.0)


def log10_p(terms: DoubleArray) -> float:
    """log10 of the probability that the terms, each with a fair random sign for its sign, sum to at least what they do.

    Args:
        terms: independent terms, one a random sign; terms that share a random sign have to be added before. Zeros say
            nothing.

    Returns:
        An upper bound, at most 0: the count itself up to ``COUNTED_RANDOM_SIGNS`` terms, Hoeffding's bound above and
        where even the count would be no evidence.
    """
    terms = terms[terms != 0.0]
    if not len(terms) or terms.sum() <= 0.0:
        return 0.0
    bound = hoeffding_log10_p(terms)
    is_counted = len(terms) <= COUNTED_RANDOM_SIGNS and bound <= _WORTH_COUNTING
    return min(bound, _counted_log10_p(terms)) if is_counted else bound


def hoeffding_log10_p(terms: DoubleArray, sharing: npt.NDArray[np.int64] | int = 1) -> float:
    """Upper bound of log10 p for a sum of symmetric terms, given their sizes (Hoeffding 1963).

    Args:
        terms: the terms.
        sharing: for each term into how many sets of independent terms the terms of its kind fall (Janson 2004).
    """
    total, squares = float(terms.sum()), float((sharing * np.square(terms)).sum())
    if total <= 0.0 or squares == 0.0:
        return 0.0
    return -(total**2) / (2.0 * squares) / _LN10


def _counted_log10_p(terms: DoubleArray) -> float:
    """Count the sets of terms that are together no larger than the negative ones."""
    negative = -float(terms[terms < 0.0].sum())
    if negative == 0.0:
        return -len(terms) * math.log10(2.0)
    with np.errstate(over="ignore"):
        sizes = np.minimum(np.abs(terms) / negative, 2.0)
    steps = np.floor(sizes * (_STEPS * _BELOW)).astype(np.int64)
    sets, grown = np.zeros(_STEPS + 1), np.empty(_STEPS + 1)
    sets[0] = 1.0
    for step in steps[steps <= _STEPS]:
        grown[:step] = sets[:step]
        np.add(sets[step:], sets[: len(sets) - step], out=grown[step:])
        sets, grown = grown, sets
    return min(0.0, math.log10(sets.sum()) - len(terms) * math.log10(2.0))


def least_mean(random_signs: int, spread: float, level: float) -> float | None:
    """Smallest mean at which nine of ten sums of terms with this spread reach a level of log10 p; None if none can.

    Args:
        random_signs: number of terms.
        spread: their standard deviation.
        level: log10 p to reach.
    """
    if random_signs <= COUNTED_RANDOM_SIGNS:
        least = _least_counted_mean(random_signs, level)
        return None if least is None else least * spread
    needed, late = -level * _LN10, NormalDist().inv_cdf(_POWER)
    left = random_signs - 2.0 * needed
    if left <= 0.0:
        return None
    # (N m - late √N s)² = 2 needed N (m² + s²), solved for the mean m
    root = math.sqrt(late**2 * random_signs + left * (2.0 * needed - late**2))
    return spread * (late * math.sqrt(random_signs) + root) / left


@cache
def _least_counted_mean(random_signs: int, level: float) -> float | None:
    """The same for a spread of one, by trying means on terms that lie as normal ones do, low as few of them may be."""
    if -random_signs * math.log10(2.0) > level:
        return None
    normal = NormalDist()
    places = (
        np.array([normal.inv_cdf((i + 0.5) / random_signs) for i in range(random_signs)])
        - normal.inv_cdf(_UNLUCKY) / random_signs**0.5
    )
    low, high = 0.0, -float(places.min())  # where all terms are positive
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if log10_p(middle + places) <= level else (middle, high)
    return high
