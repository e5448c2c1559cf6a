"""Layers stacked whole from several models ("frankenmerge"): each held against its own source."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import is_readable
from lineage_audit.checkpoint.roles import WITHOUT_PLACE, Role
from lineage_audit.checkpoint.tensors import TensorKey, TensorRef
from lineage_audit.comparison.merging.members import CommonPlace, Members, group_of
from lineage_audit.comparison.merging.sources import NearestLayers
from lineage_audit.comparison.merging.streaming import row_blocks
from lineage_audit.comparison.reading.finite import zero_where_unusable
from lineage_audit.results import LayerSource

DoubleArray = npt.NDArray[np.float64]


class TakenTensor(Struct, frozen=True, eq=False):
    """One tensor of the child and the one that it was taken from.

    Attributes:
        place: the child's tensor, with the source's as its only source.
        source: number of the source model.
        residual: sum of squares of the difference.
        size: sum of squares of the child's.
    """

    place: CommonPlace
    source: int
    residual: float
    size: float


def follow_layers(members: Members, layers: NearestLayers) -> tuple[TakenTensor, ...]:
    """Hold every tensor of a layer against that layer's source, and every other one against its nearest."""
    found = []
    for tensor in members.child.tensors:
        if tensor.role in WITHOUT_PLACE or tensor.role == Role.BUFFER or not is_readable(tensor) or not tensor.size:
            continue
        candidates = [
            _taken(members, tensor, source, counterpart)
            for source, counterpart in _candidates(members, tensor, layers.sources)
        ]
        if candidates:
            found.append(min(candidates, key=lambda taken: taken.residual))
    return tuple(found)


def _candidates(members: Members, tensor: TensorRef, sources: Sequence[LayerSource]) -> list[tuple[int, TensorRef]]:
    """The tensors that one of the child's may have been taken from."""
    key = tensor.key
    if key.layer is None or key.beside is not None:
        keys = [(number, key) for number in range(len(members.sources))]
    else:
        source = sources[key.layer]
        keys = [(source.source, TensorKey(key.role, key.slot, source.layer, key.expert))]
    counterparts = ((number, members.sources[number].by_key.get(one)) for number, one in keys)
    return [
        (number, one) for number, one in counterparts
        if one is not None and one.shape == tensor.shape and is_readable(one)
    ]  # fmt: skip


def _taken(members: Members, tensor: TensorRef, source: int, counterpart: TensorRef) -> TakenTensor:
    place = CommonPlace(group_of(tensor.role), tensor.layer, tensor, (counterpart,))
    residual = size = 0.0
    for start, stop in row_blocks(place):
        child = _rows(members.child, tensor, start, stop)
        residual += float(((child - _rows(members.sources[source], counterpart, start, stop)) ** 2).sum())
        size += float((child**2).sum())
    return TakenTensor(place, source, residual, size)


def _rows(model: Checkpoint, tensor: TensorRef, start: int, stop: int) -> DoubleArray:
    return zero_where_unusable(model.rows(tensor, start, stop)).astype(np.float64)
