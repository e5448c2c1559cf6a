"""Make tensor references: whole tensors, and the check that a tensor's rank fits its role."""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from lineage_audit.checkpoint.names.context import NamedTensor
from lineage_audit.checkpoint.names.patterns import NumberedName, numbered
from lineage_audit.checkpoint.roles import ANY_RANK, NORM_ROLES, WITHOUT_PLACE, Role
from lineage_audit.checkpoint.tensors import Part, RowLayout, Slot, StoredTensor, TensorRef, contiguous

REPEATABLE = WITHOUT_PLACE | {Role.BUFFER}
"""Roles of which a layer may hold several, of any shape; every other key is unique in a checkpoint."""

_PER_HEAD_NORMS = frozenset({Role.Q_NORM, Role.K_NORM, Role.CROSS_Q_NORM, Role.CROSS_K_NORM})
_VECTORS = NORM_ROLES | {Role.ATTN_SINK}


def reference(tensor: NamedTensor, role: Role, transposed: bool) -> TensorRef:
    """Return the whole stored tensor as one role."""
    entry, name = tensor.entry, tensor.name
    if entry is None:
        return whole(tensor.stored, name, role)
    bare = NumberedName(name.pattern, name.layer if entry.in_layer else None, name.expert if entry.in_expert else None)
    ref = whole(_without_unit_dimensions(tensor.stored, role, entry.slot), bare, role)
    if transposed and len(ref.shape) == 2:
        shape = ref.shape[::-1]
        part = Part(tensor.stored, _all_rows(shape[0]), None, True)
        ref = replace(ref, shape=shape, parts=(part,))
    return ref if ref.slot == entry.slot else replace(ref, slot=entry.slot)


def unmapped(stored: StoredTensor, name: NumberedName | None = None) -> TensorRef:
    """Return the whole stored tensor with ``Role.OTHER``; layer and expert are still read from its name."""
    return whole(stored, name or numbered(stored.name), Role.OTHER)


def whole(stored: StoredTensor, name: NumberedName, role: Role) -> TensorRef:
    """Return a stored tensor as it stands."""
    rows = stored.shape[0] if stored.shape else 1
    return TensorRef(
        name=stored.name,
        role=role,
        slot="bias" if stored.name.endswith(("bias", "beta")) else "weight",
        layer=name.layer,
        expert=name.expert,
        shape=stored.shape,
        dtype=stored.dtype,
        quantization=stored.quantization,
        file=stored.file,
        parts=(Part(stored, _all_rows(rows)),),
    )


def rank_fits(role: Role, slot: str, shape: tuple[int, ...]) -> bool:
    """Tell whether a shape can be the role's: two dimensions for matrices, one for norms and biases."""
    if role in REPEATABLE or role in ANY_RANK:
        return True
    if not shape or 0 in shape:
        return False
    if role in _PER_HEAD_NORMS:
        return len(shape) <= 2
    return len(shape) == (1 if slot == "bias" or role in _VECTORS else 2)


def has_rank_of_role(ref: TensorRef) -> bool:
    """Tell whether a reference's shape fits its role."""
    return rank_fits(ref.role, ref.slot, ref.shape)


_FILTERS = frozenset(
    {Role.MIXER_CONV, Role.MIXER_CONV_Q, Role.MIXER_CONV_K, Role.MIXER_CONV_V, Role.MIXER_DECAY, Role.MIXER_SKIP}
)


def _without_unit_dimensions(stored: StoredTensor, role: Role, slot: Slot) -> StoredTensor:
    """View a vector stored as ``[1, n]`` (ERNIE's router correction) or a stack of one matrix as what it holds.

    Of a mixer's vectors and filters GGUF keeps fewer dimensions than the original: ``[n, 1, taps]`` is ``[n, taps]``.
    """
    if stored.strides is None and len(stored.shape) > 1 and role is Role.MIXER_NORM:
        return replace(stored, shape=(stored.size,))
    if stored.strides is None and len(stored.shape) > 1 and role in _FILTERS:
        return replace(stored, shape=tuple(size for size in stored.shape if size != 1) or (1,))
    dimensions = 1 if slot == "bias" else 2
    leading = stored.shape[:-dimensions]
    if role in REPEATABLE or not leading or stored.strides is not None or set(leading) != {1}:
        return stored
    return replace(stored, shape=stored.shape[-dimensions:])


@lru_cache(maxsize=4096)
def _all_rows(count: int) -> RowLayout:
    return contiguous(count)
