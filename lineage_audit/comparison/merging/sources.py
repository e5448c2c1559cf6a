"""Which layer of which source each of the child's layers is nearest to, from a few rows of every layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from lineage_audit.checkpoint import Checkpoint
from lineage_audit.checkpoint.reading import RowRequest, is_readable
from lineage_audit.checkpoint.roles import WITHOUT_PLACE, Role
from lineage_audit.checkpoint.tensors import Slot, TensorKey, TensorRef
from lineage_audit.comparison.alignment.spreading import spread_places
from lineage_audit.comparison.merging.members import Members
from lineage_audit.comparison.reading.finite import NOTHING, zero_where_unusable
from lineage_audit.comparison.verdict.thresholds import MERGES
from lineage_audit.results import LayerSource

DoubleArray = npt.NDArray[np.float64]

_SAMPLED_ROWS = 4
"""Rows of each matrix that are read to find a layer's source."""


_TIE = 1e-10


class NearestLayers(Struct, frozen=True, eq=False):
    """The nearest source of each layer of the child.

    Attributes:
        sources: by layer of the child, in order.
        distances: squared distance to the nearest over the layer's squared size, ``[layers]``.
        runners_up: the same for the nearest layer with another number, ``[layers]``.
    """

    sources: tuple[LayerSource, ...]
    distances: DoubleArray
    runners_up: DoubleArray

    @property
    def in_place(self) -> bool:
        """Whether every layer is nearest to one of the same number."""
        return all(found.layer == layer for layer, found in enumerate(self.sources))

    @property
    def copied(self) -> npt.NDArray[np.bool_]:
        """Which layers are copies."""
        flags: npt.NDArray[np.bool_] = self.distances <= MERGES.copied
        return flags


def nearest_layers(members: Members) -> NearestLayers | None:
    """Find the nearest source of each layer, or None where the models share no kind of tensor in their layers."""
    counts = [_layer_count(model) for model in (members.child, *members.sources)]
    owners = [(source, layer) for source, count in enumerate(counts[1:]) for layer in range(count)]
    relative, compared = np.zeros((counts[0], len(owners))), 0
    for role, slot in _kinds(members):
        child = _signatures(members.child, role, slot, counts[0])
        sources = [
            _signatures(source, role, slot, count) for source, count in zip(members.sources, counts[1:], strict=True)
        ]
        if child is None or any(one is None or one.shape[1] != child.shape[1] for one in sources):
            continue
        stacked = np.concatenate([one for one in sources if one is not None])
        sizes = (child**2).sum(axis=1)
        squared = sizes[:, None] - 2 * child @ stacked.T + (stacked**2).sum(axis=1)
        relative += np.maximum(squared, 0.0) / np.maximum(sizes, NOTHING)[:, None]
        compared += 1
    if not owners or not compared or not len(relative):
        return None
    relative /= compared
    chosen = _continuous(relative, owners)
    numbers = np.array([layer for _, layer in owners])
    elsewhere = np.where(numbers[None, :] == numbers[chosen][:, None], np.inf, relative)
    return NearestLayers(
        tuple(LayerSource(*owners[best]) for best in chosen),
        relative[np.arange(len(chosen)), chosen],
        elsewhere.min(axis=1),
    )


def _continuous(relative: DoubleArray, owners: Sequence[tuple[int, int]]) -> list[int]:
    """The nearest source of each layer; among equals the one that goes on from the layer before, or stands in place."""
    chosen: list[int] = []
    for layer, row in enumerate(relative):
        equals = [int(i) for i in np.flatnonzero(row <= row.min() + _TIE)]
        before = owners[chosen[-1]] if chosen else (0, -1)
        following = [i for i in equals if owners[i] == (before[0], before[1] + 1)]
        in_place = [i for i in equals if owners[i][1] == layer]
        chosen.append((following or in_place or equals)[0])
    return chosen


def _layer_count(model: Checkpoint) -> int:
    return 1 + max((tensor.layer for tensor in model.core if tensor.layer is not None), default=-1)


def _kinds(members: Members) -> tuple[tuple[Role, Slot], ...]:
    """Kinds of matrices that stand in the layers of every model; of many experts the first speaks for all.

    Norm gains are left out: they are near one in all layers, and near each other in all models.
    """
    kinds = [
        {
            (tensor.role, tensor.slot)
            for tensor in model.core
            if tensor.layer is not None
            and len(tensor.shape) == 2
            and tensor.role not in WITHOUT_PLACE
            and tensor.role != Role.BUFFER
        }
        for model in (members.child, *members.sources)
    ]
    return tuple(sorted(set.intersection(*kinds)))


def _signatures(model: Checkpoint, role: Role, slot: Slot, layers: int) -> DoubleArray | None:
    """A few rows of one role in each layer, flattened: ``[layers, values]``; None where some layer lacks it."""
    tensors = [_tensor_at(model, role, slot, layer) for layer in range(layers)]
    present = [tensor for tensor in tensors if tensor is not None and is_readable(tensor)]
    if len(present) < layers or len({tensor.shape for tensor in present}) != 1 or not present[0].size:
        return None
    rows = present[0].shape[0]
    read = model.read([RowRequest(tensor, _spread(rows)) for tensor in present])
    return np.stack([zero_where_unusable(values).ravel() for values in read]).astype(np.float64)


def _tensor_at(model: Checkpoint, role: Role, slot: Slot, layer: int) -> TensorRef | None:
    found = (model.by_key.get(TensorKey(role, slot, layer, expert)) for expert in (None, 0))
    return next((tensor for tensor in found if tensor is not None), None)


def _spread(rows: int) -> npt.NDArray[np.int64]:
    """A few row numbers, evenly spread."""
    return spread_places(rows, _SAMPLED_ROWS)
