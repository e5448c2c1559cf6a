"""What state-space models and short convolutions keep in one matrix: the layer's other shapes tell its rows apart.

Sources: the forward passes of the models named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from lineage_audit.checkpoint.config.quirks import Quirk, has_quirk
from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names.fused import Slice, Slices
from lineage_audit.checkpoint.names.geometry import Geometry
from lineage_audit.checkpoint.roles import Role
from lineage_audit.checkpoint.tensors import RowLayout, TensorRef, contiguous

References = tuple[TensorRef, ...]
_Place = tuple[ModelPart, int | None]


class _Sizes(Struct, frozen=True):
    """What a layer's other tensors say: its channels, and its heads where each has one decay (none: no decay)."""

    channels: int
    decays: tuple[int, ...] = ()


def split_mixer_inputs(groups: Sequence[References], geometry: Geometry) -> list[References]:
    """Give the rows of a mixer's projections their roles; one stays whole where its shape is another."""
    outputs = {_place(ref): ref.shape[1] for ref in _weights(groups, Role.MIXER_O) if len(ref.shape) == 2}
    decays = {_place(ref): ref.shape for ref in _weights(groups, Role.MIXER_DECAY)}
    sizes = {place: _Sizes(channels, decays.get(place, ())) for place, channels in outputs.items()}
    in_turn = has_quirk(geometry.model_type, Quirk.MIXER_ROWS_IN_TURN)
    return [_split(group, sizes, in_turn) for group in groups]


def _weights(groups: Sequence[References], role: Role) -> list[TensorRef]:
    return [ref for group in groups for ref in group if ref.role is role and ref.slot == "weight"]


def _split(group: References, sizes: Mapping[_Place, _Sizes], in_turn: bool) -> References:
    if len(group) != 1 or group[0].role not in (Role.MIXER_IN, Role.MIXER_STATE) or len(group[0].parts) != 1:
        return group
    (whole,) = group
    known = sizes.get(_place(whole))
    if known is None or not whole.shape:
        return group
    if whole.role is Role.MIXER_STATE:
        return _cut(whole, _state(whole.shape, known)) or (replace(whole, role=Role.MIXER_PART),)
    return _cut(whole, _inputs(whole.shape[0], known, in_turn)) or group


def _cut(whole: TensorRef, slices: Slices) -> References:
    (part,) = whole.parts
    return tuple(
        replace(whole, role=one.role, shape=(one.rows.count, *whole.shape[1:]), parts=(replace(part, rows=one.rows),))
        for one in slices
    )


def _state(shape: tuple[int, ...], sizes: _Sizes) -> Slices:
    """Mamba 1 makes the step's low rank, B and C of its channels."""
    if len(shape) != 2 or len(sizes.decays) != 2 or shape[1] != sizes.channels:
        return ()
    states = sizes.decays[1]
    rank = shape[0] - 2 * states
    if rank <= 0:
        return ()
    return (
        Slice(Role.MIXER_STEP_IN, contiguous(rank)),
        Slice(Role.MIXER_B, contiguous(states, rank)),
        Slice(Role.MIXER_C, contiguous(states, rank + states)),
    )


def _inputs(count: int, sizes: _Sizes, in_turn: bool) -> Slices:
    """What is read of the stream: Mamba 1, Mamba 2 or a short convolution, by how many rows there are."""
    channels, decays = sizes.channels, sizes.decays
    if not decays:
        return _short_convolution(channels) if count == 3 * channels else ()
    if count == 2 * channels:
        return _mamba(channels, in_turn)
    heads = decays[0]
    state = count - 2 * channels - heads
    return _mamba2(channels, state, heads) if len(decays) == 1 and state > 0 else ()


def _mamba(channels: int, in_turn: bool) -> Slices:
    """Mamba 1, Falcon Mamba, Jamba: the values, then their gates; Zamba: in turn."""
    if in_turn:
        values, gates = (RowLayout(first, (channels,), (2,)) for first in (0, 1))
    else:
        values, gates = contiguous(channels), contiguous(channels, channels)
    return Slice(Role.MIXER_V, values), Slice(Role.MIXER_GATE, gates)


def _mamba2(channels: int, state: int, heads: int) -> Slices:
    """Mamba 2 and the like: the gates, the values, B and C, the step of each head."""
    return (
        Slice(Role.MIXER_GATE, contiguous(channels)),
        Slice(Role.MIXER_V, contiguous(channels, channels)),
        Slice(Role.MIXER_STATE, contiguous(state, 2 * channels)),
        Slice(Role.MIXER_STEP, contiguous(heads, 2 * channels + state)),
    )


def _short_convolution(channels: int) -> Slices:
    """LFM 2: what the values are multiplied by before the filter, and after it, and the values."""
    roles = (Role.MIXER_K, Role.MIXER_GATE, Role.MIXER_V)
    return tuple(Slice(role, contiguous(channels, number * channels)) for number, role in enumerate(roles))


def _place(ref: TensorRef) -> _Place:
    return ref.part, ref.layer
