"""Wider and narrower: a model grown to twice the width with its function, heads averaged, FFNs cut short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import RESIDUAL_WRITERS, Axis, Weights, axes_of, ffn_blocks, map_axis, reordered

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]

_READ = (Axis.CHANNEL, Axis.UNIT, Axis.ATTENDED)
"""Axes whose copies are summed over by the matrix that reads them."""


def hyperclone(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Twice the width, every channel, unit and head beside its copy (HyperCloning: Samragh et al., 2024)."""
    import torch

    orders = {axis: torch.arange(size).repeat(2) for axis, size in _sizes(weights, anatomy).items()}
    return _grown(weights, anatomy, orders, lambda count: torch.full((count,), 0.5), generator)


def widen_at_random(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Twice the width, copies anywhere, and what reads them split unevenly (Net2Net: Chen et al., 2016)."""
    import torch

    orders = {}
    for axis, size in _sizes(weights, anatomy).items():
        orders[axis] = torch.arange(size).repeat(2)[torch.randperm(2 * size, generator=generator)]
    return _grown(weights, anatomy, orders, lambda n: 0.2 + 0.6 * torch.rand(n, generator=generator), generator)


def double_units(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Every FFN unit twice, each copy with half of the column."""
    import torch

    changed = dict(weights)
    for block in ffn_blocks(weights):
        order = torch.randperm(2 * weights[f"{block}down.weight"].shape[1], generator=generator) // 2
        changed.update(map_axis(changed, Axis.UNIT, reordered(order), block))
        changed[f"{block}down.weight"] = changed[f"{block}down.weight"] / 2
    return changed


def average_heads(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Every four neighbouring key and value heads, or all of them, become their mean (GQA: Ainslie et al., 2023)."""
    size = 4 if anatomy.kv_heads % 4 == 0 else anatomy.kv_heads
    changed = dict(weights)
    for name, tensor in weights.items():
        if axes_of(name)[0] in (Axis.KEY, Axis.VALUE):
            heads = tensor.unflatten(0, (anatomy.kv_heads // size, size, anatomy.head_dim))
            changed[name] = heads.mean(dim=1).flatten(0, 1)
    return changed


def truncate_ffns(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The first half of the units of every FFN."""
    import torch

    changed = dict(weights)
    for block in ffn_blocks(weights):
        first = torch.arange(weights[f"{block}down.weight"].shape[1] // 2)
        changed.update(map_axis(changed, Axis.UNIT, reordered(first), block))
    return changed


def _sizes(weights: Weights, anatomy: Anatomy) -> dict[Axis, int]:
    """What is doubled: channels, units, and KV groups, which move whole."""
    units = weights[f"{ffn_blocks(weights)[0]}down.weight"].shape[1]
    return {Axis.CHANNEL: len(weights["final_norm.weight"]), Axis.UNIT: units, Axis.KEY: anatomy.kv_heads}


def _grown(
    weights: Weights,
    anatomy: Anatomy,
    orders: dict[Axis, torch.Tensor],
    shares: Callable[[int], torch.Tensor],
    _generator: torch.Generator,
) -> Weights:
    """Copy along every axis, and give each reader a share of what the copies carry."""
    groups = orders[Axis.KEY]
    queries = _spelt(groups, anatomy.per_group * anatomy.head_dim)
    keys = _spelt(groups, anatomy.head_dim)
    orders = {**orders, Axis.KEY: keys, Axis.VALUE: keys, Axis.QUERY: queries, Axis.ATTENDED: queries}
    changed = dict(weights)
    for name, tensor in weights.items():
        for dim, axis in enumerate(axes_of(name)):
            if axis in orders:
                reads = dim == 1 and axis in _READ and not _is_table(name)
                factors = _split(orders[axis], shares) if reads else None
                tensor = tensor.index_select(dim, orders[axis])
                tensor = tensor if factors is None else tensor * factors
        changed[name] = tensor.contiguous()
    return changed


def _is_table(name: str) -> bool:
    """Whether the second axis of a matrix is written and not read: embeddings."""
    return name.split(".")[-2] in RESIDUAL_WRITERS and axes_of(name)[-1] is Axis.CHANNEL


def _split(order: torch.Tensor, shares: Callable[[int], torch.Tensor]) -> torch.Tensor:
    """For each of two copies of a number its share of the sum, which is one."""
    import torch

    drawn = shares(int(order.max()) + 1)
    seen: set[int] = set()
    factors = []
    for number in order.tolist():
        factors.append(1 - drawn[number] if number in seen else drawn[number])
        seen.add(number)
    return torch.stack(factors)


def _spelt(groups: torch.Tensor, size: int) -> torch.Tensor:
    """Numbers of the rows that groups have."""
    import torch

    return (groups[:, None] * size + torch.arange(size)).flatten()
