"""The residual stream in another basis: its channels renumbered, or rotated once the norm gains are folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import NORMS, POST_NORMS, READERS, Axis, Weights, map_axis, reordered, role_of

if TYPE_CHECKING:
    import torch


def permute_channels(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Renumber the residual channels: one permutation for embeddings, layers, norms and head."""
    import torch

    order = torch.randperm(len(weights["final_norm.weight"]), generator=generator)
    return map_axis(weights, Axis.CHANNEL, reordered(order))


def fold_norms(weights: Weights, anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Multiply every norm gain into what reads the norm, and leave gains of one. A tied head becomes its own tensor.

    Raises:
        ValueError: a norm also centres and shifts, which this does not fold.
    """
    import torch

    if not anatomy.rms_norm:
        raise ValueError("norm gains are folded under RMSNorm alone; choose another disguise for this architecture")
    folded = {"head.weight": weights["embed.weight"].clone(), **weights}
    for name, tensor in weights.items():
        role = role_of(name)
        if role not in READERS:
            continue
        place = name.removesuffix(f"{role}.weight")
        gain = tensor + anatomy.norm_offset
        folded[name] = torch.ones_like(gain) - anatomy.norm_offset
        for reader in folded:
            if reader.startswith(place) and role_of(reader) in READERS[role] and reader.endswith(".weight"):
                folded[reader] = folded[reader] * gain
    return folded


def rotate_residual(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Rotate the residual stream by a dense orthogonal matrix; the norm gains must be one (see `fold_norms`).

    Raises:
        ValueError: a norm stands between a block and the stream, whose gains no reader can take up.
    """
    import torch

    if any(role_of(name) in POST_NORMS for name in weights):
        raise ValueError("the stream is rotated where blocks write to it directly; choose another disguise")
    width = len(weights["final_norm.weight"])
    normal = torch.randn(width, width, generator=generator, dtype=torch.float64)
    rotation = torch.linalg.qr(normal).Q.float()
    return map_axis(
        weights,
        Axis.CHANNEL,
        lambda tensor, dim: tensor @ rotation.T if dim == tensor.ndim - 1 else rotation @ tensor,
        without=NORMS,
    )
