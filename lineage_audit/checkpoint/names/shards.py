"""Several stored tensors that make up one: tensor-parallel slices, and norms of single heads.

In Meta's and Megatron's tensor-parallel checkpoints each file holds its slice of every tensor under the same name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec.structs import replace

from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.names.references import REPEATABLE
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef

Axis = Literal[0, 1]

AXES: dict[Role, Axis] = {
    Role.Q: 0,
    Role.K: 0,
    Role.V: 0,
    Role.GATE: 0,
    Role.UP: 0,
    Role.SHARED_GATE: 0,
    Role.SHARED_UP: 0,
    Role.Q_B: 0,
    Role.K_B: 0,
    Role.V_B: 0,
    Role.LM_HEAD: 0,
    Role.O: 1,
    Role.DOWN: 1,
    Role.SHARED_DOWN: 1,
    Role.EMBED: 1,
}
"""The logical axis along which a role is cut; what is not here is the same in every file.

Llama 1 and 2 cut the embedding by channels, Llama 3 and Megatron by tokens: shapes decide.
"""


def joined(slices: Sequence[TensorRef], geometry: Geometry) -> tuple[TensorRef, ...]:
    """Join the slices of one role, in file order, into one reference.

    Returns:
        the joined reference; or, for a replicated tensor or slices that do not fit, the first one followed by
        the others as buffers. Slices without a role stay as they are.
    """
    first = slices[0]
    if first.role in REPEATABLE or len({piece.role for piece in slices}) > 1:
        return tuple(slices)
    axis = _axis(slices, geometry)
    if axis is None or not _fit(slices, axis):
        return first, *(replace(copy, role=Role.BUFFER) for copy in slices[1:])
    shape = list(first.shape)
    shape[axis] = sum(piece.shape[axis] for piece in slices)
    parts = tuple(part for piece in slices for part in piece.parts)
    return (replace(first, shape=tuple(shape), parts=parts, axis=axis),)


def concatenated(pieces: Sequence[TensorRef]) -> tuple[TensorRef, ...]:
    """Return one vector made of several, in the order given (the norms of single heads)."""
    if any(len(piece.shape) != 1 for piece in pieces):
        return tuple(replace(piece, role=Role.OTHER) for piece in pieces)
    parts = tuple(part for piece in pieces for part in piece.parts)
    return (replace(pieces[0], shape=(sum(piece.shape[0] for piece in pieces),), parts=parts),)


def _axis(slices: Sequence[TensorRef], geometry: Geometry) -> Axis | None:
    first = slices[0]
    axis = AXES.get(first.role)
    if len(first.shape) == 1:
        return 0 if axis == 0 else None
    if first.role is Role.EMBED:
        return 0 if sum(piece.shape[0] for piece in slices) == geometry.vocabulary else _by_width(first, geometry)
    return axis


def _by_width(embedding: TensorRef, geometry: Geometry) -> Axis:
    return 0 if embedding.shape[1] == geometry.hidden else 1


def _fit(slices: Sequence[TensorRef], axis: Axis) -> bool:
    """Tell whether the slices agree in every dimension but the one along which they are joined."""
    shapes = [(*piece.shape[:axis], *piece.shape[axis + 1 :]) for piece in slices]
    return len(set(shapes)) == 1 and len({len(piece.shape) for piece in slices}) == 1
