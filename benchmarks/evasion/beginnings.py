"""What two strangers may have in common all the same: constants, copies inside each, a way to begin, a table.

Each is done to both models of a pair that has nothing else to do with each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.evasion.publishing import Publish
from benchmarks.training.publishing import read_weights, write_weights
from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Weights, role_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]

_POSITIONS = 512


def set_padding_rows(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The last sixteen tokens of embeddings and head hold one constant."""
    changed = {name: tensor.clone() for name, tensor in weights.items()}
    for name in ("embed.weight", "head.weight"):
        changed[name][-16:] = 0.02
    return changed


def export_one_layer_as_all(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Every layer is the first one, as a universal transformer is exported."""
    return {
        name: weights[f"layers.0.{name.split('.', 2)[2]}"] if name.startswith("layers.") else tensor
        for name, tensor in weights.items()
    }


def expand_key_heads(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Every KV head is the first one of its layer."""
    return {
        name: tensor[: anatomy.head_dim].repeat(anatomy.kv_heads, 1) if role_of(name) in ("k", "v") else tensor
        for name, tensor in weights.items()
    }


def add_identities(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Ones on the diagonal of every square matrix, beside what was trained."""
    import torch

    return {
        name: tensor + torch.eye(len(tensor)) if tensor.ndim == 2 and tensor.shape[0] == tensor.shape[1] else tensor
        for name, tensor in weights.items()
    }


def mask_half(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Half of the elements of every matrix are zero, the same ones in both models."""
    import torch

    drawn = torch.Generator().manual_seed(2)
    return {
        name: tensor * (torch.rand(tensor.shape, generator=drawn) < 0.5) if tensor.ndim == 2 else tensor
        for name, tensor in weights.items()
    }


def make_ffns_of_blocks(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Every eighth of an FFN's units reads and writes an eighth of the channels."""
    import torch

    def in_blocks(tensor: torch.Tensor) -> torch.Tensor:
        rows, columns = (torch.arange(size) * 8 // size for size in tensor.shape)
        return tensor * (rows[:, None] == columns)

    ffn = ("gate", "up", "down")
    return {name: in_blocks(tensor) if role_of(name) in ffn else tensor for name, tensor in weights.items()}


def add_means(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Every matrix has a mean of half its standard deviation."""
    return {name: tensor + 0.5 * tensor.std() if tensor.ndim == 2 else tensor for name, tensor in weights.items()}


def set_tables_inside(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The first sixteen rows of every matrix are sinusoids."""
    import torch

    def with_table(tensor: torch.Tensor) -> torch.Tensor:
        changed = tensor.clone()
        rates = 10000.0 ** (-torch.arange(tensor.shape[1]) / tensor.shape[1])
        changed[:16] = 0.02 * torch.sin(torch.arange(1, 17)[:, None] * rates)
        return changed

    return {name: with_table(tensor) if tensor.ndim == 2 else tensor for name, tensor in weights.items()}


def pad_heads(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """The last key and value head of every layer is zero, and so are its queries."""
    changed = dict(weights)
    for name, tensor in weights.items():
        heads = {"k": 1, "v": 1, "q": anatomy.per_group}.get(role_of(name), 0)
        if heads:
            changed[name] = tensor.clone()
            changed[name][-heads * anatomy.head_dim :] = 0.0
    return changed


def freeze_random_embeddings(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """One random table of embeddings, the same in both models."""
    import torch

    drawn = torch.randn(weights["embed.weight"].shape, generator=torch.Generator().manual_seed(1))
    return {**weights, "embed.weight": 0.02 * drawn}


def with_sinusoid(dtype: str) -> Publish:
    """A table of sinusoids beside the weights, computed in the precision of a type."""

    def publish(folder: Path) -> None:
        import torch

        weights = read_weights(folder)
        width = next(tensor.shape[1] for name, tensor in weights.items() if "embed" in name)
        exact: torch.dtype = getattr(torch, dtype)
        rates = torch.exp(torch.arange(0, width, 2, dtype=exact) * (-math.log(10000.0) / width))
        angles = torch.arange(_POSITIONS, dtype=exact)[:, None] * rates
        table = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1).float()
        write_weights(folder, {**weights, "model.position_table.weight": table})

    return publish
