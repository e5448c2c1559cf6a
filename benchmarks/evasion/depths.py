"""Layers in another order, two made into one, and new ones between the old."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Weights, role_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]


def reverse_layers(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The last layer first."""
    return _relayered(weights, [own_layer(weights, layer) for layer in reversed(range(anatomy.layers))])


def merge_layers(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The two middle layers become their mean."""
    first = anatomy.layers // 2 - 1
    layers = [own_layer(weights, layer) for layer in range(anatomy.layers)]
    mean = {name: (tensor + layers[first + 1][name]) / 2 for name, tensor in layers[first].items()}
    return _relayered(weights, [*layers[:first], mean, *layers[first + 2 :]])


def insert_layers(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """A layer that nobody trained in the middle; what it writes is small, so that the others still work."""
    import torch

    def fresh(name: str, tensor: torch.Tensor) -> torch.Tensor:
        spread = 0.02 if role_of(name) in ("o", "down") else 1.0
        drawn = torch.randn(tensor.shape, generator=generator)
        return tensor.clone() if tensor.ndim == 1 else spread * tensor.std() * drawn

    middle = anatomy.layers // 2
    layers = [own_layer(weights, layer) for layer in range(anatomy.layers)]
    new = {name: fresh(name, tensor) for name, tensor in layers[middle].items()}
    return _relayered(weights, [*layers[:middle], new, *layers[middle:]])


def expand_blocks(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """A copy after the middle layer that writes nothing (LLaMA Pro: Wu et al., 2024)."""
    middle = anatomy.layers // 2
    layers = [own_layer(weights, layer) for layer in range(anatomy.layers)]
    silent = {n: tensor * (role_of(n) not in ("o", "down")) for n, tensor in layers[middle].items()}
    return _relayered(weights, [*layers[: middle + 1], silent, *layers[middle + 1 :]])


def own_layer(weights: Weights, layer: int) -> Weights:
    """The tensors of a layer under their names in it."""
    place = f"layers.{layer}."
    return {name.removeprefix(place): tensor for name, tensor in weights.items() if name.startswith(place)}


def _relayered(weights: Weights, layers: Sequence[Weights]) -> Weights:
    """The model with other layers."""
    outside = {name: tensor for name, tensor in weights.items() if not name.startswith("layers.")}
    placed = {f"layers.{n}.{name}": tensor for n, layer in enumerate(layers) for name, tensor in layer.items()}
    return {**outside, **placed}
