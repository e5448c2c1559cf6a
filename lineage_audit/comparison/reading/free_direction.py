"""What LayerNorm takes out again: one number more in all channels of what is written to the residual stream.

Such a number is free, a change of form alone, and may be as large as anyone likes, or the same in two strangers. So
where both models take the mean over channels away, directions, sizes and differences are measured without it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.role_table import WRITERS
from lineage_audit.comparison.pairing.tensors import TensorPair

FloatArray = npt.NDArray[np.float32]

_FEWEST_ROWS = 16
"""Channels at hand over which a mean is worth taking away."""

_LAYER_NORM = "layernorm"


def take_means_away(*models: Checkpoint) -> bool:
    """Whether all of these subtract the mean over channels."""
    return all(model.config.text("norm") == _LAYER_NORM for model in models)


def has_free_direction(pair: TensorPair, rows: int) -> bool:
    """Whether the rows of a pair, of which so many are at hand, are channels of the stream of such a model."""
    return pair.b.role in WRITERS and pair.b.in_core and rows >= _FEWEST_ROWS


def without_means(rows: FloatArray) -> FloatArray:
    """Rows that are channels, less the mean of each column."""
    centred: FloatArray = rows - rows.mean(axis=0)
    return centred
