"""Weights at the same index: what any script does first."""

from __future__ import annotations

import numpy as np

from benchmarks.zoo.baselines.reading import cosine, same_place
from lineage_audit.checkpoint import Checkpoint


def same_index_cosine(a: Checkpoint, b: Checkpoint) -> float | None:
    """Return the mean cosine of the matrices in the same place, weighted by their size."""
    found = [(cosine(first, second), first.size) for first, second in same_place(a, b)]
    return float(np.average([c for c, _ in found], weights=[size for _, size in found])) if found else None


def same_index_explained(a: Checkpoint, b: Checkpoint) -> float:
    """Return the share of B's variance that A explains before any alignment: squared cosines weighted by size."""
    explained = sum(cosine(first, second) ** 2 * first.size for first, second in same_place(a, b))
    return float(explained / max(1, b.parameters))
