"""What kind of change the difference between two related models is: one file a kind.

Each kind is a function from a ``Difference`` to a ``DirectedOperation``, or None where the difference is not of that
kind. Thresholds are calibrated; the measured number is printed beside the word. Training is a kind like the others,
with marks of its own; what bears no mark is called changed, with its size.
"""

from __future__ import annotations

from lineage_audit.comparison.operations.delta.difference import Difference, Kind, said_as_share
from lineage_audit.comparison.operations.delta.direction_ablated import find_ablated_direction
from lineage_audit.comparison.operations.delta.edited import find_edit
from lineage_audit.comparison.operations.delta.interpolated import find_interpolation
from lineage_audit.comparison.operations.delta.lora import find_low_rank
from lineage_audit.comparison.operations.delta.noise import find_noise
from lineage_audit.comparison.operations.delta.pruned import find_pruning
from lineage_audit.comparison.operations.delta.quantized import find_quantization
from lineage_audit.comparison.operations.delta.rescaled import find_rescaling
from lineage_audit.comparison.operations.delta.stream_shifted import find_shift
from lineage_audit.comparison.operations.delta.trained import find_training
from lineage_audit.comparison.operations.delta.truncated import find_truncation
from lineage_audit.comparison.operations.directed import DirectedOperation, directed

KINDS: tuple[Kind, ...] = (
    find_rescaling,
    find_pruning,
    find_quantization,
    find_truncation,
    find_ablated_direction,
    find_shift,
    find_edit,
    find_low_rank,
    find_noise,
    find_interpolation,
)
"""In order: the first kind that fits names the difference."""


def classify_delta(difference: Difference) -> DirectedOperation | None:
    """Name the difference, if it is of a kind that leaves a mark of its own."""
    return next((found for find in KINDS if (found := find(difference)) is not None), None)


def describe_delta(difference: Difference) -> DirectedOperation:
    """Name what is left: training, where the marks of training are there, else a change, with its size."""
    return find_training(difference) or _changed(difference)


def _changed(difference: Difference) -> DirectedOperation:
    size = said_as_share(difference.size)
    detail = f"by {size} of the weights' size, in no way that leaves a mark"
    return directed("changed", detail, f"relative delta {difference.size:.4g}; nothing speaks for training")
