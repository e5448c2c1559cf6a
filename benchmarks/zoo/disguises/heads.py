"""Attention heads in another order: KV groups with all that belongs to them, query heads inside their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Axis, Weights, map_axis, reordered

if TYPE_CHECKING:
    import torch


def permute_heads(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Renumber the KV groups of every layer and the query heads inside each group."""
    for layer in range(anatomy.layers):
        groups, heads = _orders(anatomy, generator)
        orders = {Axis.KEY: groups, Axis.VALUE: groups, Axis.QUERY: heads, Axis.ATTENDED: heads}
        for axis, order in orders.items():
            weights = map_axis(weights, axis, reordered(_rows_of(order, anatomy.head_dim)), f"layers.{layer}.")
    return weights


def _orders(anatomy: Anatomy, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """The new order of KV heads, shape (kv_heads,), and of query heads, shape (kv_heads * per_group,)."""
    import torch

    groups = torch.randperm(anatomy.kv_heads, generator=generator)
    inside = torch.stack([torch.randperm(anatomy.per_group, generator=generator) for _ in range(anatomy.kv_heads)])
    return groups, (groups[:, None] * anatomy.per_group + inside).flatten()


def _rows_of(heads: torch.Tensor, head_dim: int) -> torch.Tensor:
    import torch

    return (heads[:, None] * head_dim + torch.arange(head_dim)).flatten()
