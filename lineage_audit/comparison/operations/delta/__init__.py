"""What kind of change the difference between two related models is: one file a kind.

Each kind is a function from whole matrices of A's image and of B to a ``DirectedOperation``, or None where the
difference is not of that kind. Thresholds are calibrated; the measured number is printed beside the word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lineage_audit.comparison.operations.delta.direction_ablated import find_ablated_direction
from lineage_audit.comparison.operations.delta.lora import find_low_rank
from lineage_audit.comparison.operations.delta.matrices import MatrixPair
from lineage_audit.comparison.operations.delta.noise import find_noise
from lineage_audit.comparison.operations.delta.pruned import find_pruning
from lineage_audit.comparison.operations.delta.quantized import find_quantization
from lineage_audit.comparison.operations.directed import DirectedOperation

KINDS: tuple[Callable[[Sequence[MatrixPair]], DirectedOperation | None], ...] = (
    find_pruning,
    find_quantization,
    find_ablated_direction,
    find_low_rank,
    find_noise,
)
"""In order: the first kind that fits names the delta."""


def classify_delta(pairs: Sequence[MatrixPair]) -> DirectedOperation | None:
    """Name the difference, if it is of a kind that leaves a mark."""
    for find in KINDS:
        found = find(pairs)
        if found is not None:
            return found
    return None
