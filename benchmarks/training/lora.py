"""Low-rank adapters (Hu et al., "LoRA", 2021): attached to a model, trained alone, merged into its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Lora:
    """An adapter: its rank and the last parts of the names of the modules that it is attached to."""

    rank: int
    modules: tuple[str, ...]


def attach(model: PreTrainedModel, lora: Lora, seed: int) -> None:
    """Freeze the model and add `2 B A` to the weight of every named module; B starts at zero.

    Raises:
        ValueError: the model has none of the modules.
    """
    import torch
    from torch.nn.utils import parametrize

    generator = torch.Generator().manual_seed(seed)
    model.requires_grad_(False)
    chosen = _modules(model, lora)
    if not chosen:
        raise ValueError(f"{type(model).__name__} has none of the modules {', '.join(lora.modules)}")
    for module in chosen:
        parametrize.register_parametrization(module, "weight", _adapter(module.weight, lora.rank, generator))


def merge(model: PreTrainedModel, lora: Lora) -> None:
    """Add the trained product to the weights and remove the adapter."""
    from torch.nn.utils import parametrize

    for module in _modules(model, lora):
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


def _modules(model: PreTrainedModel, lora: Lora) -> list[torch.nn.Module]:
    return [module for name, module in model.named_modules() if name.rsplit(".", 1)[-1] in lora.modules]


def _adapter(weight: torch.Tensor, rank: int, generator: torch.Generator) -> torch.nn.Module:
    """A module that adds a low-rank product to `weight`."""
    import torch

    class LowRank(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
        def __init__(self) -> None:
            super().__init__()
            rows, columns = weight.shape
            self.down = torch.nn.Parameter(torch.randn(rank, columns, generator=generator) / columns**0.5)
            self.up = torch.nn.Parameter(torch.zeros(rows, rank))

        def forward(self, frozen: torch.Tensor) -> torch.Tensor:
            return frozen + 2.0 * self.up @ self.down

    return LowRank()
