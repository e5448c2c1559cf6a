"""Some parts of a model kept and the others new, as a copyist does who takes one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Weights, role_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]


def replace(roles: Collection[str]) -> Step:
    """Draw the matrices of some roles anew, in their own spread."""
    return _drawn_where(lambda name: role_of(name) in roles)


def keep_only(roles: Collection[str]) -> Step:
    """Draw all matrices anew but those of some roles."""
    return _drawn_where(lambda name: role_of(name) not in roles)


def keep_layer(layer: int) -> Step:
    """Draw all matrices anew but those of one layer."""
    return _drawn_where(lambda name: not name.startswith(f"layers.{layer}."))


def _drawn_where(is_new: Callable[[str], bool]) -> Step:
    def step(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
        import torch

        return {
            name: tensor.std() * torch.randn(tensor.shape, generator=generator)
            if tensor.ndim == 2 and is_new(name)
            else tensor
            for name, tensor in weights.items()
        }

    return step
