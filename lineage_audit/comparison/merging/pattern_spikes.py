"""Where one parent alone was kept, child and parent differ by one factor: a spike among ratios, which starts a fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.comparison.merging.patterns import DoubleArray, Sample
from lineage_audit.comparison.merging.streaming import storage_steps


def find_spikes(samples: Sequence[Sample]) -> DoubleArray | None:
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
