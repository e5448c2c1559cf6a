"""Attention without a softmax under the names of attention: a layer's other tensors tell.

Kimi Linear, Bailing hybrid and MiniMax 1 call the projections of their linear attention q, k, v and o, as they do in
their layers of softmax attention. A decay or an output gate in the same module says which it is. In GGUF a layer has
no modules: what only a delta net has says it there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.names.fused import mixer_qkv
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import TensorRef, contiguous

References = tuple[TensorRef, ...]

_WITNESSES = frozenset({Role.MIXER_DECAY, Role.MIXER_GATE})
_GGUF_LAYER = "blk"
_GGUF_WITNESSES = frozenset({"ssm_beta", "ssm_ba", "ssm_f_a"})
_ROLES: Mapping[Role, Role] = {
    Role.Q: Role.MIXER_Q,
    Role.K: Role.MIXER_K,
    Role.V: Role.MIXER_V,
    Role.O: Role.MIXER_O,
    Role.QKV: Role.MIXER_QKV,
    Role.ATTN_GATE: Role.MIXER_GATE,
    Role.Q_NORM: Role.MIXER_PART,
    Role.K_NORM: Role.MIXER_PART,
}


def with_mixers(groups: Sequence[References], geometry: Geometry) -> list[References]:
    """Return the references with the roles of a mixer where the module is one."""
    mixers = {_module(ref) for group in groups for ref in group if ref.layer is not None and _is_witness(ref)}
    if not mixers:
        return list(groups)
    return [_as_mixer(group, geometry) if group and _module(group[0]) in mixers else group for group in groups]


def _is_witness(ref: TensorRef) -> bool:
    layer, _, inside = ref.name.partition(f".{ref.layer}.")
    if layer == _GGUF_LAYER:
        return inside.partition(".")[0] in _GGUF_WITNESSES
    return ref.role in _WITNESSES


def _as_mixer(group: References, geometry: Geometry) -> References:
    """The roles of a mixer; a fused matrix is cut anew, since its layout is not attention's."""
    if len(group) > 1 and {ref.role for ref in group} == {Role.Q, Role.K, Role.V}:
        return _cut_anew(group[0], geometry)
    if len(group) == 1 and group[0].role is Role.QKV:
        return _cut_anew(group[0], geometry)
    return tuple(replace(ref, role=_ROLES.get(ref.role, ref.role)) for ref in group)


def _cut_anew(first: TensorRef, geometry: Geometry) -> References:
    """Queries, keys and values of linear attention, or the whole matrix where their heads are not known."""
    (part,) = first.parts
    shape = part.stored.shape
    whole = replace(first, role=Role.MIXER_QKV, shape=shape, parts=(replace(part, rows=contiguous(shape[0])),))
    found = tuple(
        replace(whole, role=piece.role, shape=(piece.rows.count, *shape[1:]), parts=(replace(part, rows=piece.rows),))
        for piece in mixer_qkv(shape[0], geometry)
    )
    return found or (whole,)


def _module(ref: TensorRef) -> str:
    """The name up to the layer's half: ``model.layers.3.self_attn``; up to the layer in GGUF."""
    segments = ref.name.split(".")
    number = str(ref.layer)
    position = next((i for i, segment in enumerate(segments) if segment == number), None)
    if position is None:
        return ref.name
    return ".".join(segments[: position + (1 if segments[0] == _GGUF_LAYER else 2)])
