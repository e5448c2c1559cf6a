"""Every layer of B against every layer of A, from the rows that one pass kept: repeats, jumps and gaps become visible.

Nothing is read for it, and nothing is decided from it: units are those with the same number, or those that the search
matched, and the test statistics count what is on the map's path.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from lineage_audit.comparison.evidence.base import WeightComparison, unit_rows
from lineage_audit.comparison.reading.measurement import Measurement
from lineage_audit.results import LayerPairs

_FEWEST_ROWS = 8
_MOST_ROWS = 128
_MOST_LAYERS = 256


def pair_layers(comparison: WeightComparison) -> LayerPairs | None:
    """Mean cosines of kept rows for every pair of layers, or None where fewer than two layers were read."""
    groups = _kept_by_role(comparison)
    layers_b = sorted({layer for parts in groups.values() for layer in (part.pair.b.layer or 0 for part in parts)})
    layers_a = sorted({layer for parts in groups.values() for layer in (part.pair.a.layer or 0 for part in parts)})
    if not 2 <= len(layers_b) <= _MOST_LAYERS or len(layers_a) > _MOST_LAYERS:
        return None
    total = np.zeros((len(layers_b), len(layers_a)))
    weight = np.zeros_like(total)
    for parts in groups.values():
        cosines, rows = _cosines(parts)
        of_b = np.searchsorted(layers_b, [part.pair.b.layer or 0 for part in parts])
        of_a = np.searchsorted(layers_a, [part.pair.a.layer or 0 for part in parts])
        best = np.full(total.shape, -np.inf)
        np.maximum.at(best, (of_b[:, None], of_a[None, :]), cosines)  # a repeated layer has several counterparts
        best[of_b, of_a] = np.diagonal(cosines)
        seen = np.isfinite(best)
        total[seen] += rows * best[seen]
        weight[seen] += rows
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return LayerPairs(tuple(layers_a), tuple(layers_b), tuple(tuple(round(x, 4) for x in row) for row in mean.tolist()))


def _kept_by_role(comparison: WeightComparison) -> dict[tuple[str, tuple[int, ...]], list[Measurement]]:
    """Matrices of which rows were kept, by role and width; of many experts the first stands for all."""
    groups: dict[tuple[str, tuple[int, ...]], list[Measurement]] = defaultdict(list)
    for part in comparison.matrices():
        b = part.pair.b
        in_layers = b.core_layer is not None and part.pair.a.core_layer is not None and b.expert in (None, 0)
        if in_layers and b.slot == "weight" and len(part.kept_b) >= _FEWEST_ROWS:
            groups[b.role, part.kept_b.shape[1:]].append(part)
    return groups


def _cosines(parts: list[Measurement]) -> tuple[npt.NDArray[np.float64], int]:
    """Mean cosine of same-numbered rows for every pair of measurements ``[b, a]``, and how many rows entered."""
    rows = min(_MOST_ROWS, *(len(part.kept_b) for part in parts))
    side_a, side_b = (
        np.stack([unit_rows(getattr(part, side)[:rows]).ravel() for part in parts]) for side in ("kept_a", "kept_b")
    )
    return (side_b @ side_a.T).astype(np.float64) / rows, rows
