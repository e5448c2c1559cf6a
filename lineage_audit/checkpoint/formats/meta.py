"""Meta's tensor-parallel checkpoints: each ``consolidated.NN.pth`` holds its slice of every tensor."""

from __future__ import annotations

from collections.abc import Sequence

from lineage_audit.checkpoint.formats.torch_pickle import read_pytorch_file
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import StoredTensor


def read_meta(source: Source, files: Sequence[str]) -> tuple[StoredTensor, ...]:
    """Find the tensors of all slices, in shard order; the same name stands once in every shard.

    Raises:
        LineageAuditError: as ``read_pytorch``.
    """
    return tuple(tensor for file in files for tensor in read_pytorch_file(source, file))
