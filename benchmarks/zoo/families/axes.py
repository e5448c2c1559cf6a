"""What every tensor of a transformer reads and writes, in the zoo's own names.

A tensor is called ``layers.3.q.weight``, ``layers.3.experts.1.down.weight``, ``final_norm.bias``: its place, its
role, its slot. Matrices are oriented ``[out, in]``; a bias has the first axis of its weight. With this one table a
change of basis (a permutation, signs, a rotation) is the same few lines for every architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "torch.Tensor"]
"""Tensors by the zoo's names, float32."""

AxisMap = Callable[["torch.Tensor", int], "torch.Tensor"]
"""A tensor and one of its dimensions -> the tensor with that dimension transformed."""


class Axis(Enum):
    """What a dimension runs over."""

    TOKEN = auto()
    POSITION = auto()
    CHANNEL = auto()
    """Residual channels."""
    UNIT = auto()
    """FFN units."""
    QUERY = auto()
    """Rows of the query heads."""
    KEY = auto()
    """Rows of the key heads."""
    VALUE = auto()
    """Rows of the value heads."""
    ATTENDED = auto()
    """What each query head has read from its value head: the input of o."""
    HEAD_DIM = auto()
    """Dimensions of one head, in what all heads share."""
    EXPERT = auto()
    ONE = auto()


AXES: dict[str, tuple[Axis, ...]] = {
    "embed": (Axis.TOKEN, Axis.CHANNEL),
    "positions": (Axis.POSITION, Axis.CHANNEL),
    "attn_norm": (Axis.CHANNEL,),
    "attn_post_norm": (Axis.CHANNEL,),
    "q_norm": (Axis.HEAD_DIM,),
    "k_norm": (Axis.HEAD_DIM,),
    "q": (Axis.QUERY, Axis.CHANNEL),
    "k": (Axis.KEY, Axis.CHANNEL),
    "v": (Axis.VALUE, Axis.CHANNEL),
    "o": (Axis.CHANNEL, Axis.ATTENDED),
    "ffn_norm": (Axis.CHANNEL,),
    "ffn_post_norm": (Axis.CHANNEL,),
    "router": (Axis.EXPERT, Axis.CHANNEL),
    "shared_router": (Axis.ONE, Axis.CHANNEL),
    "gate": (Axis.UNIT, Axis.CHANNEL),
    "up": (Axis.UNIT, Axis.CHANNEL),
    "down": (Axis.CHANNEL, Axis.UNIT),
    "final_norm": (Axis.CHANNEL,),
    "head": (Axis.TOKEN, Axis.CHANNEL),
}

POST_NORMS = ("attn_post_norm", "ffn_post_norm")
"""Norms between a block and the stream; what they scale is written, not read."""

NORMS = ("attn_norm", "ffn_norm", "final_norm", *POST_NORMS)

RESIDUAL_WRITERS = ("embed", "positions", "o", "down")
"""Roles whose output is added to the residual stream."""

READERS = {
    "attn_norm": ("q", "k", "v"),
    "ffn_norm": ("router", "shared_router", "gate", "up"),
    "final_norm": ("head",),
}
"""Norm -> the roles that read what it gives."""


def role_of(name: str) -> str:
    """The role in a tensor's name."""
    return name.split(".")[-2]


def axes_of(name: str) -> tuple[Axis, ...]:
    """What each dimension of a tensor runs over."""
    axes = AXES[role_of(name)]
    return axes[:1] if name.endswith(".bias") else axes


def map_axis(weights: Weights, axis: Axis, change: AxisMap, within: str = "", without: tuple[str, ...] = ()) -> Weights:
    """Transform one axis in every tensor that has it.

    Args:
        weights: the tensors.
        axis: the axis.
        change: what happens to it.
        within: beginning of the names of the tensors meant; all by default.
        without: roles left as they are.
    """
    changed = dict(weights)
    for name, tensor in weights.items():
        if name.startswith(within) and role_of(name) not in without and axis in axes_of(name):
            changed[name] = change(tensor, axes_of(name).index(axis)).contiguous()
    return changed


def reordered(order: torch.Tensor) -> AxisMap:
    """The change that puts index ``order[i]`` of a dimension in place ``i``; fewer indices make it shorter."""
    return lambda tensor, dim: tensor.index_select(dim, order)


def scaled(factors: torch.Tensor) -> AxisMap:
    """The change that multiplies each index of a dimension by a factor of its own."""
    return lambda tensor, dim: tensor * (factors if dim == tensor.ndim - 1 else factors[:, None])


def ffn_blocks(weights: Weights) -> list[str]:
    """The beginnings of the names of every FFN: ``layers.0.`` or ``layers.0.experts.1.``, ``layers.0.shared.``."""
    return [name.removesuffix("down.weight") for name in weights if name.endswith(".down.weight")]
