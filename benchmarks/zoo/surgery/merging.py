"""Merges of models with one ancestor, by the four methods in common use.

Sources: linear (Wortsman et al., "Model soups", 2022), SLERP as in mergekit, TIES (Yadav et al., 2023), DARE
(Yu et al., "Language models are super Mario", 2023).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.zoo.families import Weights

if TYPE_CHECKING:
    import torch

    Tensors = Sequence[torch.Tensor]
    MergeOne = Callable[[torch.Tensor, Tensors, Sequence[float], torch.Generator], torch.Tensor]
    """Base, models, their shares, generator -> merged tensor."""

TIES_DENSITY = 0.5
DARE_DENSITY = 0.5


def merged(
    base: Weights, models: Sequence[Weights], shares: Sequence[float], method: MergeOne, generator: torch.Generator
) -> Weights:
    """Merge tensor by tensor."""
    return {name: method(base[name], [model[name] for model in models], shares, generator) for name in base}


def linear(_base: torch.Tensor, models: Tensors, shares: Sequence[float], _generator: torch.Generator) -> torch.Tensor:
    """The weighted mean."""
    return _weighted(models, shares)


def slerp(_base: torch.Tensor, models: Tensors, shares: Sequence[float], _generator: torch.Generator) -> torch.Tensor:
    """The point on the great circle between two tensors, at the second one's share of the angle."""
    import torch

    first, second = models
    cosine = float(torch.dot(first.flatten(), second.flatten()) / (first.norm() * second.norm()).clamp_min(1e-12))
    angle = math.acos(min(1.0, max(-1.0, cosine)))
    if math.sin(angle) < 1e-4:
        return _weighted(models, shares)
    return (math.sin(shares[0] * angle) * first + math.sin(shares[1] * angle) * second) / math.sin(angle)


def ties(base: torch.Tensor, models: Tensors, shares: Sequence[float], _generator: torch.Generator) -> torch.Tensor:
    """Keep each delta's largest half, elect a sign an element, average the deltas that agree with it."""
    import torch

    deltas = torch.stack(
        [share * _trimmed(model - base, TIES_DENSITY) for model, share in zip(models, shares, strict=True)]
    )
    elected = deltas.sum(dim=0).sign()
    agreeing = (deltas.sign() == elected) & (deltas != 0)
    weight = (agreeing * torch.tensor(shares).reshape(-1, *[1] * base.ndim)).sum(dim=0)
    return base + (deltas * agreeing).sum(dim=0) / weight.clamp_min(1e-12)


def dare(base: torch.Tensor, models: Tensors, shares: Sequence[float], generator: torch.Generator) -> torch.Tensor:
    """Drop half of each delta's elements at random, scale the rest up, add the deltas by their shares."""
    import torch

    result = base.clone()
    for model, share in zip(models, shares, strict=True):
        kept = torch.rand(base.shape, generator=generator) < DARE_DENSITY
        result += share * (model - base) * kept / DARE_DENSITY
    return result


def _weighted(models: Tensors, shares: Sequence[float]) -> torch.Tensor:
    import torch

    return torch.stack([share * model for model, share in zip(models, shares, strict=True)]).sum(dim=0)


def _trimmed(delta: torch.Tensor, density: float) -> torch.Tensor:
    """Set all but the largest share of the elements to zero."""
    count = max(1, round(density * delta.numel()))
    threshold = delta.abs().flatten().topk(count).values[-1]
    return delta * (delta.abs() >= threshold)


METHODS: dict[str, MergeOne] = {"linear": linear, "slerp": slerp, "ties": ties, "dare": dare}
