"""Attention without a softmax under the names of attention: a layer's other tensors tell.

Kimi Linear, Bailing hybrid and MiniMax 1 call the projections of their linear attention q, k, v and o, as they do in
their layers of softmax attention. A decay or an output gate in the same module says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef, contiguous

References = tuple[TensorRef, ...]

_WITNESSES = frozenset({Role.MIXER_DECAY, Role.MIXER_GATE})
_ROLES: Mapping[Role, Role] = {
    Role.Q: Role.MIXER_Q,
    Role.K: Role.MIXER_K,
    Role.V: Role.MIXER_V,
    Role.O: Role.MIXER_O,
    Role.QKV: Role.MIXER_QKV,
    Role.ATTN_GATE: Role.MIXER_GATE,
    Role.Q_NORM: Role.MIXER_NORM,
    Role.K_NORM: Role.MIXER_NORM,
}


def with_mixers(groups: Sequence[References]) -> list[References]:
    """Return the references with the roles of a mixer where the module is one."""
    mixers = {_module(ref) for group in groups for ref in group if ref.role in _WITNESSES and ref.layer is not None}
    if not mixers:
        return list(groups)
    return [_as_mixer(group) if group and _module(group[0]) in mixers else group for group in groups]


def _as_mixer(group: References) -> References:
    """The roles of a mixer; a fused matrix is one again, since its layout is not attention's."""
    if len(group) > 1 and {ref.role for ref in group} == {Role.Q, Role.K, Role.V}:
        return (_whole(group[0]),)
    return tuple(replace(ref, role=_ROLES.get(ref.role, ref.role)) for ref in group)


def _whole(first: TensorRef) -> TensorRef:
    (part,) = first.parts
    stored = part.stored
    return replace(
        first, role=Role.MIXER_QKV, shape=stored.shape, parts=(replace(part, rows=contiguous(stored.shape[0])),)
    )


def _module(ref: TensorRef) -> str:
    """The name up to the layer's half: ``model.layers.3.self_attn``."""
    segments = ref.name.split(".")
    number = str(ref.layer)
    position = next((i for i, segment in enumerate(segments) if segment == number), None)
    return ".".join(segments[: position + 2]) if position is not None else ref.name
