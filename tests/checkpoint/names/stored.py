"""Stored tensors made from names and shapes, and rows read through references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from lineage_audit.checkpoint.config import config_from_mapping
from lineage_audit.checkpoint.config.fields import ArchConfig
from lineage_audit.checkpoint.names.references import REPEATABLE
from lineage_audit.checkpoint.tensors import Part, StoredTensor, TensorRef

Array = npt.NDArray[np.float64]
Shapes = Mapping[str, tuple[int, ...]]


def stored(name: str, shape: tuple[int, ...], file: str = "model.safetensors", dtype: str = "F32") -> StoredTensor:
    return StoredTensor(name, dtype, shape, file, 0, 4 * int(np.prod(shape, dtype=np.int64)))


def all_stored(shapes: Shapes) -> list[StoredTensor]:
    return [stored(name, tuple(shape)) for name, shape in shapes.items()]


def config_of(**stated: object) -> ArchConfig:
    return config_from_mapping(stated, "config.json")


def part_rows(part: Part, array: Array) -> Array:
    """Read one part's rows from the stored values, in the order of the role."""
    matrix = array.reshape(part.stored.shape)
    if part.index is not None:
        matrix = matrix[part.index]
    if part.transposed:
        matrix = matrix.T
    return matrix[part.rows.stored_rows(np.arange(part.rows.count))]


def read(ref: TensorRef, arrays: Mapping[str, Array]) -> Array:
    """Read a reference whose parts are found by stored name, or by file where shards share a name."""
    pieces = [part_rows(part, arrays.get(part.stored.file, arrays.get(part.stored.name))) for part in ref.parts]
    return np.concatenate(pieces, axis=ref.axis)


def by_role(refs: Iterable[TensorRef], slot: str = "weight") -> dict[str, TensorRef]:
    """References of one layer by role, and by role and expert for experts."""
    return {
        ref.role.value if ref.expert is None else f"{ref.role.value}.{ref.expert}": ref
        for ref in refs
        if ref.slot == slot
    }


def duplicate_keys(refs: Iterable[TensorRef]) -> list[object]:
    counts = Counter(ref.key for ref in refs if ref.role not in REPEATABLE)
    return [key for key, count in counts.items() if count > 1]


def unread_rows(refs: Iterable[TensorRef]) -> list[str]:
    """Names of matrices of which some row belongs to no reference, or to two."""
    claimed: dict[tuple[StoredTensor, int | None], list[npt.NDArray[np.int64]]] = {}
    for ref in refs:
        for part in ref.parts:
            rows = part.rows.stored_rows(np.arange(part.rows.count))
            claimed.setdefault((part.stored, part.index), []).append(rows)
    wrong = []
    for (tensor, index), pieces in claimed.items():
        rows = np.sort(np.concatenate(pieces))
        matrix = tensor.shape if index is None else tensor.shape[1:]
        transposed = any(p.transposed for r in refs for p in r.parts if p.stored is tensor and p.index == index)
        count = matrix[-1 if transposed else 0] if matrix else 1
        if not np.array_equal(rows, np.arange(count)):
            wrong.append(tensor.name)
    return wrong
