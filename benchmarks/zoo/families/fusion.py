"""Several roles in one stored tensor: taken apart and joined again, for weights and biases alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from benchmarks.zoo.families.axes import Weights


@dataclass(frozen=True, slots=True)
class Fusion:
    """One way to store several roles in one tensor.

    Attributes:
        role: what the zoo calls the stored tensor.
        parts: the roles in it.
        split: the stored rows, query heads and KV heads -> the rows of each part.
        join: the rows of each part and the rows of a head -> the stored rows.
    """

    role: str
    parts: tuple[str, ...]
    split: Callable[[torch.Tensor, int, int], Sequence[torch.Tensor]]
    join: Callable[[Sequence[torch.Tensor], int], torch.Tensor]


def split_fused(weights: Weights, fusion: Fusion, heads: int, kv_heads: int) -> Weights:
    """Replace every tensor of the fusion's role by its parts."""
    result: dict[str, torch.Tensor] = {}
    for name, tensor in weights.items():
        place, role, slot = _split_name(name)
        if role == fusion.role:
            parts = fusion.split(tensor, heads, kv_heads)
            names = (f"{place}{part}.{slot}" for part in fusion.parts)
            result |= {part: rows.contiguous() for part, rows in zip(names, parts, strict=True)}
        else:
            result[name] = tensor
    return result


def join_fused(weights: Weights, fusion: Fusion, head_dim: int) -> Weights:
    """Replace the parts of the fusion's role by one tensor."""
    result: dict[str, torch.Tensor] = {}
    for name, tensor in weights.items():
        place, role, slot = _split_name(name)
        if role == fusion.parts[0]:
            rows = [weights[f"{place}{part}.{slot}"] for part in fusion.parts]
            result[f"{place}{fusion.role}.{slot}"] = fusion.join(rows, head_dim)
        elif role not in fusion.parts:
            result[name] = tensor
    return result


def _split_blocks(rows: torch.Tensor, heads: int, kv_heads: int) -> Sequence[torch.Tensor]:
    head_dim = len(rows) // (heads + 2 * kv_heads)
    return tuple(rows.split([heads * head_dim, kv_heads * head_dim, kv_heads * head_dim]))


def _split_heads(rows: torch.Tensor, heads: int, kv_heads: int) -> Sequence[torch.Tensor]:
    assert heads == kv_heads, "q, k and v lie head by head only where every query head has its own key"
    by_head = rows.unflatten(0, (heads, 3, -1))
    return [by_head[:, part].flatten(0, 1) for part in range(3)]


def _join_heads(parts: Sequence[torch.Tensor], head_dim: int) -> torch.Tensor:
    import torch

    return torch.stack([part.unflatten(0, (-1, head_dim)) for part in parts], dim=1).flatten(0, 2)


def _split_halves(rows: torch.Tensor, _heads: int, _kv_heads: int) -> Sequence[torch.Tensor]:
    return tuple(rows.chunk(2))


def _join_blocks(parts: Sequence[torch.Tensor], _head_dim: int) -> torch.Tensor:
    import torch

    return torch.cat(list(parts))


def _split_name(name: str) -> tuple[str, str, str]:
    """Place (with its dot, or empty), role and slot of a tensor."""
    module, slot = name.rsplit(".", 1)
    place, dot, role = module.rpartition(".")
    return place + dot, role, slot


QKV_BLOCKS = Fusion("qkv", ("q", "k", "v"), _split_blocks, _join_blocks)
"""All of q, all of k, all of v."""
QKV_HEADS = Fusion("qkv", ("q", "k", "v"), _split_heads, _join_heads)
"""For each head its q, its k, its v (GPT-NeoX)."""
GATE_UP = Fusion("gate_up", ("gate", "up"), _split_halves, _join_blocks)
"""All of gate, all of up."""
