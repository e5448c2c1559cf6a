"""Split guessed fused tensors the way most architectures do: all q, all k, all v; gate, then up.

A wrong guess cannot accuse anybody: it only takes power from the tests that read the parts.
"""

from __future__ import annotations

from msgspec.structs import replace

from lineage_audit.checkpoint.names.fused import slices
from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef

_COMMON: dict[Role, Fusion] = {Role.QKV: Fusion.QKV_BLOCKS, Role.GATE_UP: Fusion.GATE_UP}

References = tuple[TensorRef, ...]


def split_guessed(groups: list[References], geometry: Geometry) -> list[References]:
    """Replace each inferred ``QKV`` or ``GATE_UP`` by its parts, unless another tensor has one of their places."""
    taken = {ref.key for group in groups for ref in group}
    result = []
    for group in groups:
        parts = _parts(group[0], geometry) if len(group) == 1 else ()
        result.append(parts if parts and taken.isdisjoint({part.key for part in parts}) else group)
    return result


def _parts(whole: TensorRef, geometry: Geometry) -> References:
    fusion = _COMMON.get(whole.role) if whole.inferred and len(whole.parts) == 1 else None
    if fusion is None:
        return ()
    (part,) = whole.parts
    return tuple(
        replace(
            whole,
            role=piece.role,
            shape=(piece.rows.count, *whole.shape[1:]),
            parts=(replace(part, rows=piece.rows),),
        )
        for piece in slices(fusion, whole.shape[0], geometry)
    )
