"""A dense model becomes a mixture of experts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Axis, Weights, map_axis, reordered, role_of
from benchmarks.zoo.surgery.layers import with_experts

if TYPE_CHECKING:
    import torch

NOISE = 0.1
"""Noise on a copied expert, as a share of the spread of each tensor."""
ROUTER_SPREAD = 0.02
EXPERTS = 4
FINE_EXPERTS = 6
FRESH_SHARE = 0.25
"""Share of a fine-grained expert's units that start anew."""


def sparse_upcycled(dense: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Copy each FFN into every expert, with noise (Komatsuzaki et al., "Sparse upcycling", 2023)."""
    ffn = _ffn(dense)
    experts = [{name: _noisy(tensor, generator) for name, tensor in ffn.items()} for _ in range(EXPERTS)]
    return with_experts(dense, _routers(dense, anatomy, EXPERTS, generator), experts, {})


def finely_upcycled(dense: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Give each expert a random half of the FFN's units, part of them new, and a shared expert all (Qwen1.5-MoE)."""
    import torch

    ffn = _ffn(dense)
    units = len(ffn["layers.0.up.weight"])
    experts = []
    for _ in range(FINE_EXPERTS):
        expert: Weights = ffn
        for layer in range(anatomy.layers):
            chosen = torch.randperm(units, generator=generator)[: units // 2]
            expert = map_axis(expert, Axis.UNIT, reordered(chosen), f"layers.{layer}.")
        experts.append({name: _partly_fresh(name, tensor, generator) for name, tensor in expert.items()})
    routers = dict(_routers(dense, anatomy, FINE_EXPERTS, generator))
    for layer in range(anatomy.layers):
        routers[f"layers.{layer}.shared_router.weight"] = ROUTER_SPREAD * torch.randn(
            1, len(dense["final_norm.weight"]), generator=generator
        )
    return with_experts(dense, routers, experts, ffn)


def _ffn(dense: Weights) -> Weights:
    return {name: tensor for name, tensor in dense.items() if role_of(name) in ("gate", "up", "down")}


def _routers(dense: Weights, anatomy: Anatomy, experts: int, generator: torch.Generator) -> Weights:
    import torch

    width = len(dense["final_norm.weight"])
    return {
        f"layers.{layer}.router.weight": ROUTER_SPREAD * torch.randn(experts, width, generator=generator)
        for layer in range(anatomy.layers)
    }


def _noisy(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    import torch

    return tensor + NOISE * tensor.std() * torch.randn(tensor.shape, generator=generator)


def _partly_fresh(name: str, tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw the last share of the units anew, in the tensor's own spread."""
    import torch

    fresh = tensor.std() * torch.randn(tensor.shape, generator=generator)
    dim = 1 if role_of(name) == "down" else 0
    first = tensor.shape[dim] - round(FRESH_SHARE * tensor.shape[dim])
    is_fresh = torch.arange(tensor.shape[dim]) >= first
    return torch.where(is_fresh if dim == 1 else is_fresh[:, None], fresh, tensor)
