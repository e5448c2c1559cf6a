"""Stacks of experts in one stored tensor: one slice per expert and role."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.names.fusions import Fusion
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import Part, RowLayout, StoredTensor, contiguous

_MAX_EXPERTS = 2048
"""A longer stack is not unrolled: no model has it, and the dimension is the file's word alone."""

_ROLES: dict[Fusion, tuple[Role, ...]] = {
    Fusion.EXPERTS_GATE_UP: (Role.GATE, Role.UP),
    Fusion.EXPERTS_DOWN: (Role.DOWN,),
    Fusion.UPRIGHT_EXPERTS_GATE_UP: (Role.GATE, Role.UP),
    Fusion.UPRIGHT_EXPERTS_GATE: (Role.GATE,),
    Fusion.UPRIGHT_EXPERTS_UP: (Role.UP,),
    Fusion.UPRIGHT_EXPERTS_DOWN: (Role.DOWN,),
    Fusion.FLAT_EXPERTS_GATE: (Role.GATE,),
    Fusion.FLAT_EXPERTS_UP: (Role.UP,),
    Fusion.FLAT_EXPERTS_DOWN: (Role.DOWN,),
}
_FLAT = frozenset({Fusion.FLAT_EXPERTS_GATE, Fusion.FLAT_EXPERTS_UP, Fusion.FLAT_EXPERTS_DOWN})
_UPRIGHT = frozenset(fusion for fusion in _ROLES if fusion.name.startswith("UPRIGHT"))


class Stacking(Struct, frozen=True):
    """How a checkpoint stacks its experts.

    Attributes:
        transposed: each expert is stored ``[in, out]`` (Llama 4, gpt-oss).
        alternating: gate and up rows alternate (gpt-oss).
        experts: number of experts, needed where they stand flat one under the other.
    """

    transposed: bool = False
    alternating: bool = False
    experts: int | None = None


class _ExpertPart(Struct, frozen=True):
    """One role of one expert, its shape oriented ``[out, in]``."""

    role: Role
    expert: int
    shape: tuple[int, ...]
    part: Part


def is_stack(fusion: Fusion) -> bool:
    """Tell whether a fusion is a stack of experts."""
    return fusion in _ROLES


def unrolled(stored: StoredTensor, fusion: Fusion, stacking: Stacking) -> tuple[_ExpertPart, ...]:
    """Return the experts of a stack ``[experts, ...]``, or nothing if its shape is not one.

    A flat stack ``[experts * units, in]`` is seen as ``[experts, units, in]``: the same bytes.
    """
    transposed = stacking.transposed and fusion not in _UPRIGHT
    if fusion in _FLAT:
        stored, transposed = _seen_as_stack(stored, stacking.experts), fusion is Fusion.FLAT_EXPERTS_DOWN
    is_matrix = len(stored.shape) == 3
    if len(stored.shape) not in (2, 3) or not 0 < stored.shape[0] <= _MAX_EXPERTS:
        return ()
    transposed = transposed and is_matrix
    matrix = stored.shape[:0:-1] if transposed else stored.shape[1:]
    layouts = _layouts(matrix[0], len(_ROLES[fusion]), stacking.alternating and fusion not in _UPRIGHT)
    return tuple(
        _ExpertPart(role, expert, (layout.count, *matrix[1:]), Part(stored, layout, expert, transposed))
        for expert in range(stored.shape[0] if layouts else 0)
        for role, layout in zip(_ROLES[fusion], layouts, strict=True)
    )


def _layouts(rows: int, roles: int, alternating: bool) -> tuple[RowLayout, ...]:
    """Return where each role's rows stand; alternating or one half after the other."""
    count, remainder = divmod(rows, roles)
    if remainder or not count:
        return ()
    if alternating:
        return tuple(RowLayout(offset, (count,), (roles,)) for offset in range(roles))
    return tuple(contiguous(count, number * count) for number in range(roles))


def _seen_as_stack(stored: StoredTensor, experts: int | None) -> StoredTensor:
    if not experts or len(stored.shape) != 2 or stored.shape[0] % experts or stored.strides is not None:
        return replace(stored, shape=())
    return replace(stored, shape=(experts, stored.shape[0] // experts, stored.shape[1]))
