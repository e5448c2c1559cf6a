"""Gaussian noise, and one direction of the residual stream taken out of everything that writes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.axes import RESIDUAL_WRITERS, Axis, Weights, axes_of, role_of

if TYPE_CHECKING:
    import torch


def with_noise(weights: Weights, level: float, generator: torch.Generator) -> Weights:
    """Add noise of `level` times its own spread to every matrix."""
    import torch

    return {
        name: tensor + level * tensor.std() * torch.randn(tensor.shape, generator=generator)
        if tensor.ndim > 1
        else tensor
        for name, tensor in weights.items()
    }


def ablated(weights: Weights, generator: torch.Generator) -> Weights:
    """Project one direction out of all that writes to the residual stream (Arditi et al., 2024: "abliteration").

    The direction is the difference of two tokens' mean embeddings, as a stand-in for the one that refuses.
    """
    import torch

    embeddings = weights["embed.weight"]
    sample = torch.randperm(len(embeddings), generator=generator)[:64]
    direction = embeddings[sample[:32]].mean(dim=0) - embeddings[sample[32:]].mean(dim=0)
    direction = direction / direction.norm()
    changed = dict(weights)
    for name, tensor in weights.items():
        if role_of(name) in RESIDUAL_WRITERS:
            changed[name] = _projected(tensor, axes_of(name).index(Axis.CHANNEL), direction)
    return changed


def _projected(tensor: torch.Tensor, dim: int, direction: torch.Tensor) -> torch.Tensor:
    """Take the direction out of one dimension of a tensor."""
    moved = tensor.movedim(dim, -1)
    return (moved - (moved @ direction)[..., None] * direction).movedim(-1, dim).contiguous()
