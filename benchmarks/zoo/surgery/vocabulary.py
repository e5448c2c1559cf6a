"""Tokens appended, or another vocabulary altogether: embeddings and head follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from benchmarks.zoo.families.axes import Axis, Weights, map_axis

if TYPE_CHECKING:
    import torch


def extended(weights: Weights, count: int, generator: torch.Generator) -> Weights:
    """Append `count` rows to embeddings and head: the mean row and a little noise, as trainers do."""
    return map_axis(weights, Axis.TOKEN, lambda tensor, _dim: _with_rows(tensor, count, generator))


def replaced(
    weights: Weights, old_ids: Mapping[str, int], new_ids: Mapping[str, int], generator: torch.Generator
) -> Weights:
    """Return the model with rows for another vocabulary: shared tokens keep theirs, the others start near the mean."""
    known = sorted((new_ids[token], old_ids[token]) for token in new_ids.keys() & old_ids.keys())

    def change(tensor: torch.Tensor, _dim: int) -> torch.Tensor:
        rows = _near_mean(tensor, len(new_ids), generator)
        for new, old in known:
            rows[new] = tensor[old]
        return rows

    return map_axis(weights, Axis.TOKEN, change)


def _with_rows(tensor: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.cat([tensor, _near_mean(tensor, count, generator)])


def _near_mean(tensor: torch.Tensor, count: int, generator: torch.Generator) -> torch.Tensor:
    """Rows scattered about the mean row with half the spread of the old ones."""
    import torch

    noise = torch.randn(count, tensor.shape[1], generator=generator)
    return tensor.mean(dim=0) + 0.5 * tensor.std(dim=0) * noise
