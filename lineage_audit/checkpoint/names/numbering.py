"""Layers of one part are numbered through, also where a part is made of several stacks, or a layer of two halves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from msgspec.structs import replace

from lineage_audit.checkpoint.model_parts import ModelPart
from lineage_audit.checkpoint.names.context import NamedTensor

_LAYER = "{L}"
_HALVES = ("{L}.self_attn.", "{L}.mlps.", "{L}.input_layernorm.", "{L}.post_attention_layernorm.")
"""What stands twice in a layer of LongCat: two layers that share one mixture of experts, which is the first one's."""

_Claim = tuple[object, object, int | None, int | None]


def number_through(tensors: Sequence[NamedTensor]) -> list[NamedTensor]:
    """Return the tensors with the numbers of their layers unique among what means the same in one part."""
    return _stacks_in_sequence(_halves_as_layers(tensors))


def without_half(pattern: str) -> str:
    """Return a pattern without the number of a layer's half: ``{L}.mlps.1.up_proj`` becomes ``{L}.mlps.up_proj``."""
    for start in _HALVES:
        before, found, after = pattern.partition(start)
        number, _, rest = after.partition(".")
        if found and number in ("0", "1") and rest:
            return f"{before}{found}{rest}"
    return pattern


def _halves_as_layers(tensors: Sequence[NamedTensor]) -> list[NamedTensor]:
    """Layer ``n`` becomes ``2 n``, its second half ``2 n + 1``, in the container in which layers have halves."""
    halved = {_container(t) for t in tensors if without_half(t.name.pattern) != t.name.pattern}
    return [_of_half(tensor) if _container(tensor) in halved else tensor for tensor in tensors]


def _of_half(tensor: NamedTensor) -> NamedTensor:
    if tensor.name.layer is None:
        return tensor
    second = any(f"{start}1." in tensor.name.pattern for start in _HALVES)
    return replace(tensor, name=replace(tensor.name, layer=2 * tensor.name.layer + second))


def _stacks_in_sequence(tensors: Sequence[NamedTensor]) -> list[NamedTensor]:
    """A stack whose tensors claim places that an earlier stack of the part has is numbered behind it."""
    offsets: dict[tuple[ModelPart, str], int] = {}
    taken: dict[ModelPart, set[_Claim]] = defaultdict(set)
    following: dict[ModelPart, int] = defaultdict(int)
    for (part, container), members in _by_stack(tensors).items():
        claims = {(t.entry.meaning, t.entry.slot, t.name.layer, t.name.expert) for t in members if t.entry is not None}
        last = max((t.name.layer for t in members if t.name.layer is not None), default=-1)
        offset = following[part] if claims & taken[part] else 0
        offsets[part, container] = offset
        taken[part] |= claims
        following[part] = max(following[part], offset + last + 1)
    return [_moved(tensor, offsets.get((tensor.part, _container(tensor)), 0)) for tensor in tensors]


def _by_stack(tensors: Sequence[NamedTensor]) -> dict[tuple[ModelPart, str], list[NamedTensor]]:
    stacks: dict[tuple[ModelPart, str], list[NamedTensor]] = defaultdict(list)
    for tensor in tensors:
        if tensor.entry is not None and tensor.entry.in_layer and tensor.name.layer is not None:
            stacks[tensor.part, _container(tensor)].append(tensor)
    return stacks


def _moved(tensor: NamedTensor, offset: int) -> NamedTensor:
    if not offset or tensor.name.layer is None:
        return tensor
    return replace(tensor, name=replace(tensor.name, layer=tensor.name.layer + offset))


def _container(tensor: NamedTensor) -> str:
    """What stands before the layer's number; nothing outside the layers."""
    before, found, _ = tensor.name.pattern.partition(_LAYER)
    return before if found else ""
