"""Changes that cost the model something: the table shows how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Axis, Weights, axes_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]


def add_noise(level: float) -> Step:
    """Add normal noise of a share of each matrix's spread."""

    def step(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
        import torch

        return {
            name: tensor + level * tensor.std() * torch.randn(tensor.shape, generator=generator) if tensor.ndim == 2
            else tensor
            for name, tensor in weights.items()
        }  # fmt: skip

    return step


def turn_layers(angle: float) -> Step:
    """Turn what each layer reads and writes by a small rotation of its own, which no other layer undoes."""

    def step(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
        import torch

        changed = dict(weights)
        width = len(weights["final_norm.weight"])
        for layer in range(anatomy.layers):
            drawn = torch.randn(width, width, generator=generator, dtype=torch.float64)
            # Eigenvalues of a random antisymmetric matrix reach 2 * sqrt(width / 2) * sqrt(2).
            turn = torch.linalg.matrix_exp(angle * (drawn - drawn.T) / (2 * width) ** 0.5).float()
            for name, tensor in weights.items():
                if name.startswith(f"layers.{layer}.") and tensor.ndim == 2:
                    reads = axes_of(name)[-1] is Axis.CHANNEL
                    changed[name] = tensor @ turn if reads else turn.T @ tensor
        return changed

    return step


def swap_layers(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Swap the two middle layers."""
    one, other = anatomy.layers // 2 - 1, anatomy.layers // 2

    def moved(name: str) -> str:
        if name.startswith(f"layers.{one}."):
            return name.replace(f"layers.{one}.", f"layers.{other}.", 1)
        return name.replace(f"layers.{other}.", f"layers.{one}.", 1) if name.startswith(f"layers.{other}.") else name

    return {name: weights[moved(name)] for name in weights}


def prune_to(share: float) -> Step:
    """Set all but the largest weights of each matrix to zero."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        import torch

        changed = dict(weights)
        for name, tensor in weights.items():
            if tensor.ndim == 2:
                least = torch.quantile(tensor.abs().flatten()[:1_000_000], 1 - share)
                changed[name] = torch.where(tensor.abs() >= least, tensor, torch.zeros(()))
        return changed

    return step
