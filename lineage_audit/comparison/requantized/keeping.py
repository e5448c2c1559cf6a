"""What a sample reads of models that are stored differently is kept, since their codes may be asked for once more."""

from __future__ import annotations

from dataclasses import replace

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.source.held import RememberingSource
from lineage_audit.comparison.reading.plan import SAMPLE_BYTES

_MOST = 4 * SAMPLE_BYTES
"""Bytes that are kept of each model: a sample, norms and matrices that can only be read whole."""


def with_sample_kept(a: Checkpoint, b: Checkpoint) -> tuple[Checkpoint, Checkpoint]:
    """The same two models, keeping what is read of them first, where their codes may be held against each other."""
    schemes = [{tensor.quantization for tensor in model.tensors} for model in (a, b)]
    if schemes[0] == schemes[1]:
        return a, b
    first, second = (replace(model, source=RememberingSource(model.source, _MOST)) for model in (a, b))
    return first, second
