"""Width pruning in the manner of Sheared LLaMA: whole channels, units and KV groups stay or go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import (
    RESIDUAL_WRITERS,
    Axis,
    Weights,
    axes_of,
    ffn_blocks,
    map_axis,
    reordered,
    role_of,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays, as shares: residual channels, FFN units, KV groups with their queries."""

    channels: float = 1.0
    units: float = 1.0
    kv_groups: float = 1.0


def pruned(weights: Weights, anatomy: Anatomy, kept: Kept) -> Weights:
    """Return the model with its largest channels, units and KV groups, in their old order."""
    if kept.channels < 1:
        writers = [
            tensor.movedim(axes_of(name).index(Axis.CHANNEL), 0)
            for name, tensor in weights.items()
            if role_of(name) in RESIDUAL_WRITERS and name.endswith(".weight")
        ]
        weights = map_axis(weights, Axis.CHANNEL, reordered(_largest(_energy(*writers), kept.channels)))
    for block in ffn_blocks(weights) if kept.units < 1 else ():
        energy = _energy(weights[f"{block}up.weight"], weights[f"{block}down.weight"].T)
        weights = map_axis(weights, Axis.UNIT, reordered(_largest(energy, kept.units)), block)
    for layer in range(anatomy.layers) if kept.kv_groups < 1 else ():
        weights = _without_groups(weights, anatomy, f"layers.{layer}.", kept.kv_groups)
    return weights


def _without_groups(weights: Weights, anatomy: Anatomy, place: str, share: float) -> Weights:
    import torch

    values = weights[f"{place}v.weight"].unflatten(0, (anatomy.kv_heads, -1))
    groups = _largest(_energy(values.flatten(1)), share)
    for axis, size in (
        (Axis.KEY, anatomy.head_dim),
        (Axis.VALUE, anatomy.head_dim),
        (Axis.QUERY, anatomy.per_group * anatomy.head_dim),
        (Axis.ATTENDED, anatomy.per_group * anatomy.head_dim),
    ):
        rows = (groups[:, None] * size + torch.arange(size)).flatten()
        weights = map_axis(weights, axis, reordered(rows), place)
    return weights


def _energy(*matrices: torch.Tensor) -> torch.Tensor:
    """For each row number, the sum over the matrices of that row's mean square."""
    import torch

    return torch.stack([matrix.square().mean(dim=1) for matrix in matrices]).sum(dim=0)


def _largest(energy: torch.Tensor, share: float) -> torch.Tensor:
    count = max(1, round(share * len(energy)))
    return energy.topk(count).indices.sort().values
