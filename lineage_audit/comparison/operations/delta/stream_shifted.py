"""Stream shifted: the same direction was added to all that is written to the residual stream, and nothing else changed.

Along the direction of all channels alike a LayerNorm takes it out again with the mean: a change of form alone.
"""

from __future__ import annotations

import numpy as np

from lineage_audit.checkpoint.role_table import LAYER_WRITERS
from lineage_audit.comparison.operations.delta.difference import Difference
from lineage_audit.comparison.operations.directed import DirectedOperation, directed
from lineage_audit.comparison.reading.finite import ratio
from lineage_audit.comparison.verdict.thresholds import STREAM_SHIFTED


def find_shift(difference: Difference) -> DirectedOperation | None:
    """Name the shift, and whether the norms take it out."""
    changed = difference.changed
    if len(changed) < STREAM_SHIFTED.fewest or any(pair.role not in LAYER_WRITERS for pair in changed):
        return None
    spectra = [pair.spectrum.values.astype(np.float64) for pair in changed]
    firsts = [float(ratio(values[0] ** 2, float(np.square(values).sum()))) for values in spectra]
    directions = np.stack([pair.spectrum.left[:, 0] for pair in changed])
    if len({len(direction) for direction in directions}) != 1 or min(firsts) < STREAM_SHIFTED.all_of_it:
        return None
    if float(np.abs(directions[1:] @ directions[0]).min()) < STREAM_SHIFTED.all_of_it:
        return None
    even = abs(float(directions[0].sum())) / len(directions[0]) ** 0.5
    is_free = even >= STREAM_SHIFTED.all_of_it and difference.comparison.rms_norm is False
    detail = "one direction was added to what o and down write"
    if is_free:
        detail = "each column that is written has one number more in all channels, which LayerNorm takes out"
    return directed("stream-shifted", detail, f"one direction holds {min(firsts):.2%} of every delta")
