"""The few statistics of the report, over plain sequences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def roc(related: Sequence[float], independent: Sequence[float]) -> list[tuple[float, float]]:
    """Return the points (false positive rate, true positive rate) for every threshold, from (0, 0) to (1, 1)."""
    thresholds = sorted({*related, *independent}, reverse=True)
    points = [(0.0, 0.0)]
    for threshold in thresholds:
        false = sum(score >= threshold for score in independent) / len(independent)
        true = sum(score >= threshold for score in related) / len(related)
        points.append((false, true))
    return points


def auc(related: Sequence[float], independent: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a related pair scores above an independent one, ties half."""
    points = roc(related, independent)
    return math.fsum((right - left) * (low + high) / 2 for (left, low), (right, high) in pairwise(points))


def detected_without_false_alarm(related: Sequence[float], independent: Sequence[float]) -> float:
    """Return the share of related pairs that score above every independent one."""
    highest = max(independent)
    return sum(score > highest for score in related) / len(related)


def rejections(log10_p: Sequence[float], level: float) -> int:
    """Return how many p-values are at most `level`."""
    return sum(value <= math.log10(level) for value in log10_p)


def quantile_pairs(log10_p: Sequence[float]) -> list[tuple[float, float]]:
    """Return (expected, observed) -log10 p for a QQ plot against the uniform, the smallest p first."""
    count = len(log10_p)
    observed = sorted((-value for value in log10_p), reverse=True)
    return [(-math.log10((rank + 0.5) / count), value) for rank, value in enumerate(observed)]


def ranks(keys: Sequence[tuple[float, ...]]) -> list[float]:
    """Return the rank of each key among all, equal keys sharing one, so that tuples serve as scores."""
    order = {key: float(rank) for rank, key in enumerate(sorted(set(keys)))}
    return [order[key] for key in keys]


def median(values: Sequence[float]) -> float | None:
    """Return the median, or None of nothing."""
    return float(np.median(values)) if values else None
