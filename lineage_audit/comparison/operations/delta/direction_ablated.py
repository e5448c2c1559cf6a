"""One residual direction projected out of what writes to the residual stream ("abliteration").

Every delta of o and down has rank one and the same left singular vector r, and B writes nothing along r any more.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.delta.matrices import MatrixPair, show_spectra
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.verdict.thresholds import ABLATED


def find_ablated_direction(difference: Difference) -> DirectedOperation | None:
    """Name the ablation, and its direction: what was projected out cannot come back."""
    changed = difference.changed
    writers = [pair for pair in changed if pair.role in LAYER_WRITERS]
    readers = [pair for pair in changed if pair.role not in LAYER_WRITERS]
    if len(writers) < 2 or readers:
        return None
    spectra = [pair.spectrum for pair in writers]
    if min(float(ratio(s.values[0] ** 2, np.square(s.values).sum())) for s in spectra) < ABLATED.rank_one:
        return None
    directions = np.stack([spectrum.left[:, 0] for spectrum in spectra])
    agreement = float(np.abs(directions[1:] @ directions[0]).min())
    if agreement < ABLATED.same_direction:
        return None
    lost_by_b, lost_by_a = _lost(writers)
    evidence = f"rank-one deltas share a direction (|cosine| {agreement:.2f} or more)"
    shown = show_spectra(writers, 1)
    if lost_by_b:
        detail = "B writes nothing along one residual direction"
        return directed("direction-ablated", detail, evidence, "a->b", spectra=shown)
    if lost_by_a:
        detail = "A writes nothing along one residual direction"
        return directed("direction-ablated", detail, evidence, "b->a", spectra=shown)
    return None


def _lost(writers: Sequence[MatrixPair]) -> tuple[bool, bool]:
    """Whether B lacks what A writes along the direction, and whether A lacks what B does."""
    if all(pair.has_every_row for pair in writers):
        left_in_a = _written([(pair.written_a, pair) for pair in writers])
        left_in_b = _written([(pair.written_b, pair) for pair in writers])
        kept = ABLATED.written_left
        return left_in_b <= kept * min(left_in_a, 1.0), left_in_a <= kept * min(left_in_b, 1.0)
    # What a projection takes is part of A and orthogonal to B; the other way round it looks like any added direction.
    moments = [pair.moments for pair in writers]
    size = sum(one.delta_size**2 for one in moments)
    return -sum(one.along_a * one.size_a for one in moments) >= ABLATED.part_of_a * size, False


def _written(sizes: Sequence[tuple[float, MatrixPair]]) -> float:
    """How much is written along the direction, over what A writes along one on average."""
    ratios = [ratio(size * pair.shape[0] ** 0.5, pair.moments.size_a) for size, pair in sizes]
    return float(np.mean(ratios))
