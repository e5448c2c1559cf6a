"""Meta's tensor-parallel checkpoints: each ``consolidated.NN.pth`` holds its slice of every tensor."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint.formats.torch_pickle import FoundTensors, read_pytorch_files
from lineage_audit.checkpoint.source.base import Source


def read_meta(source: Source, files: Sequence[str]) -> FoundTensors:
    """Find the tensors of all slices, in shard order; the same name stands once in every shard.

    Raises:
        LineageAuditError: as ``read_pytorch``.
    """
    found = list(read_pytorch_files(source, files))
    return FoundTensors(
        tuple(tensor for one in found for tensor in one.tensors),
        tuple(check for one in found for check in one.place_checks),
        tuple(left for one in found for left in one.left_out),
    )
