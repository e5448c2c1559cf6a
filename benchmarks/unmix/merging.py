"""Merges of two and three models with known weights, written from the papers and from nothing in the tool.

Sources: Wortsman et al., "Model soups", 2022 (linear); Ilharco et al., "Editing models with task arithmetic", 2023;
Yadav et al., "TIES-Merging", 2023; Yu et al., "Language models are super Mario" (DARE), 2023. TIES and DARE are
combined as merging tools do: DARE's deltas go through TIES' election, without dividing by the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Tensors = Sequence[torch.Tensor]
    Merge = Callable[[torch.Tensor, Tensors, Sequence[float], float, torch.Generator], torch.Tensor]
    """Base, models, weights, density, generator -> merged tensor."""


def linear(
    _base: torch.Tensor, models: Tensors, weights: Sequence[float], _density: float, _generator: torch.Generator
) -> torch.Tensor:
    """The weighted sum."""
    return _sum(models, weights)


def slerp(
    _base: torch.Tensor, models: Tensors, weights: Sequence[float], _density: float, _generator: torch.Generator
) -> torch.Tensor:
    """The point on the arc between two tensors at the second one's weight."""
    import torch

    first, second = (model.double() for model in models)
    cosine = torch.dot(first.flatten(), second.flatten()) / (first.norm() * second.norm()).clamp_min(1e-30)
    if abs(float(cosine)) > 0.9995:
        return _sum(models, weights)
    angle = torch.acos(cosine)
    shares = (torch.sin(weights[0] * angle), torch.sin(weights[1] * angle))
    return ((shares[0] * first + shares[1] * second) / torch.sin(angle)).float()


def task_arithmetic(
    base: torch.Tensor, models: Tensors, weights: Sequence[float], _density: float, _generator: torch.Generator
) -> torch.Tensor:
    """The base and the weighted deltas."""
    return base + _sum([model - base for model in models], weights)


def ties(
    base: torch.Tensor, models: Tensors, weights: Sequence[float], density: float, _generator: torch.Generator
) -> torch.Tensor:
    """The largest elements of each delta; of those the ones of the elected sign, averaged by weight."""
    import torch

    deltas = torch.stack([_largest(model - base, density) for model in models])
    shares = torch.tensor(list(weights)).reshape(-1, *[1] * base.ndim)
    agrees = _elected(deltas * shares)
    return base + (deltas * shares * agrees).sum(0) / (shares * agrees).sum(0).clamp_min(1e-30)


def dare_linear(
    base: torch.Tensor, models: Tensors, weights: Sequence[float], density: float, generator: torch.Generator
) -> torch.Tensor:
    """Deltas dropped at random and scaled up, added by weight."""
    return base + _sum([_dropped(model - base, density, generator) for model in models], weights)


def dare_ties(
    base: torch.Tensor, models: Tensors, weights: Sequence[float], density: float, generator: torch.Generator
) -> torch.Tensor:
    """The same, with a sign elected for every element."""
    import torch

    deltas = torch.stack(
        [weight * _dropped(model - base, density, generator) for model, weight in zip(models, weights, strict=True)]
    )
    return base + (deltas * _elected(deltas)).sum(0)


METHODS: Mapping[str, Merge] = {
    "linear": linear,
    "slerp": slerp,
    "task-arithmetic": task_arithmetic,
    "ties": ties,
    "dare-linear": dare_linear,
    "dare-ties": dare_ties,
}


def _sum(tensors: Tensors, weights: Sequence[float]) -> torch.Tensor:
    import torch

    return torch.stack([weight * tensor for weight, tensor in zip(weights, tensors, strict=True)]).sum(0)


def _largest(delta: torch.Tensor, density: float) -> torch.Tensor:
    count = max(1, int(density * delta.numel()))
    edge = delta.abs().flatten().topk(count).values[-1]
    return delta * (delta.abs() >= edge)


def _dropped(delta: torch.Tensor, density: float, generator: torch.Generator) -> torch.Tensor:
    import torch

    return delta * (torch.rand(delta.shape, generator=generator) < density) / density


def _elected(deltas: torch.Tensor) -> torch.Tensor:
    """Which elements have the sign of their sum."""
    return (deltas.sign() == deltas.sum(0).sign()) & (deltas != 0)
