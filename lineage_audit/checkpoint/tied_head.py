"""A head that is stored beside the embedding it is tied to: a second copy of it, or one of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.reading import RowRequest, is_readable, read_rows
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.source.base import Source
from lineage_audit.checkpoint.tensors import TensorRef

_READ_WHOLE = 16 * 2**20
"""Elements up to which all rows are compared; of larger heads some are."""

_ROWS = 64


def restated_head(source: Source, config: ArchConfig, tensors: Sequence[TensorRef]) -> tuple[TensorRef, ...]:
    """The stored head of a model that ties it, where its rows are the embedding's; nothing where it has its own."""
    if config.flag("tie_embeddings") is not True:
        return ()
    weights = [one for one in tensors if one.slot == "weight" and is_readable(one)]
    head = next((one for one in weights if one.role == Role.LM_HEAD), None)
    embedding = next((one for one in weights if one.role == Role.EMBED), None)
    if head is None or embedding is None or head.shape != embedding.shape or not head.size:
        return ()
    count = head.shape[0]
    rows = np.arange(count) if head.size <= _READ_WHOLE else np.linspace(0, count - 1, _ROWS).astype(np.int64)
    first, second = read_rows(source, [RowRequest(head, rows), RowRequest(embedding, rows)])
    return (head,) if np.array_equal(first, second, equal_nan=True) else ()
