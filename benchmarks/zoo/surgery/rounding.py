"""Round-to-nearest quantisation, stored back as floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.axes import Weights, role_of

if TYPE_CHECKING:
    import torch

KEPT = ("embed", "positions", "head", "router", "shared_router")
"""Matrices that quantisation leaves as they are."""


def quantized(weights: Weights, bits: int, group: int | None) -> Weights:
    """Round every matrix of the layers to a symmetric grid of `bits` bits.

    Args:
        weights: the model.
        bits: 8 or 4.
        group: elements along a row that share a scale; None for the whole row.
    """
    return {
        name: tensor if tensor.ndim < 2 or role_of(name) in KEPT else _rounded(tensor, bits, group or tensor.shape[1])
        for name, tensor in weights.items()
    }


def _rounded(matrix: torch.Tensor, bits: int, group: int) -> torch.Tensor:
    largest = 2 ** (bits - 1) - 1
    groups = matrix.unflatten(1, (-1, group))
    scale = groups.abs().amax(dim=2, keepdim=True).clamp_min(1e-12) / largest
    return ((groups / scale).round().clamp(-largest, largest) * scale).flatten(1)
