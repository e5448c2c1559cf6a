"""Queries and a gate of attention in one matrix, head by head (Qwen3-Next, Qwen 3.5): shapes tell."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import RowLayout, TensorRef

References = tuple[TensorRef, ...]
_Place = tuple[ModelPart, int | None]


def split_gated_queries(groups: Sequence[References], head_dim: int | None) -> list[References]:
    """Split the queries of layers whose output matrix reads half as many dimensions as the queries have rows.

    In latent attention values are smaller than queries, and have no gate.
    """
    if not head_dim:
        return list(groups)
    latent = {_place(ref) for group in groups for ref in group if ref.role is Role.KV_A}
    read = {
        _place(ref): ref.shape[1]
        for group in groups
        for ref in group
        if ref.role is Role.O and len(ref.shape) == 2 and _place(ref) not in latent
    }
    return [_split(group, read, head_dim) for group in groups]


def _split(group: References, read: dict[_Place, int], head_dim: int) -> References:
    """For each head its query rows, then the rows of its gate."""
    if len(group) != 1 or group[0].role is not Role.Q or len(group[0].parts) != 1:
        return group
    (queries,) = group
    rows = read.get(_place(queries))
    if rows is None or queries.shape[0] != 2 * rows or rows % head_dim:
        return group
    return tuple(
        replace(
            queries,
            role=role,
            shape=(rows, *queries.shape[1:]),
            parts=(replace(queries.parts[0], rows=RowLayout(start, (rows // head_dim, head_dim), (2 * head_dim, 1))),),
        )
        for role, start in ((Role.Q, 0), (Role.ATTN_GATE, head_dim))
    )


def _place(ref: TensorRef) -> _Place:
    return ref.part, ref.layer
