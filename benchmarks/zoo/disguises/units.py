"""FFN units in another order or another scale, and experts in another order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Axis, Weights, ffn_blocks, map_axis, reordered

if TYPE_CHECKING:
    import torch

LARGEST_SCALE = 4.0
"""Units are scaled by factors between this and its reciprocal."""


def permute_units(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Renumber the units of every FFN, and of every expert, in an order of its own."""
    import torch

    for block in ffn_blocks(weights):
        order = torch.randperm(weights[f"{block}down.weight"].shape[1], generator=generator)
        weights = map_axis(weights, Axis.UNIT, reordered(order), block)
    return weights


def rescale_units(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Multiply each up row by a factor and divide its down column by it: exact where up is linear.

    Raises:
        ValueError: the FFN is not gated, so that an activation stands between up and down.
    """
    import torch

    if not anatomy.gated:
        raise ValueError("units can be rescaled in gated FFNs alone; choose another disguise for this architecture")
    changed = dict(weights)
    for block in ffn_blocks(weights):
        up, down = f"{block}up.weight", f"{block}down.weight"
        exponents = torch.rand(weights[down].shape[1], generator=generator) * 2 - 1
        scales = LARGEST_SCALE**exponents
        changed[up] = weights[up] * scales[:, None]
        changed[down] = weights[down] / scales
    return changed


def permute_experts(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Renumber the experts of every layer, with the router's rows."""
    import torch

    changed = dict(weights)
    for layer in range(anatomy.layers):
        router = f"layers.{layer}.router.weight"
        order = torch.randperm(len(weights[router]), generator=generator)
        changed[router] = weights[router][order]
        for expert, source in enumerate(order.tolist()):
            for part in ("gate", "up", "down"):
                place = f"layers.{layer}.experts.{{}}.{part}.weight"
                changed[place.format(expert)] = weights[place.format(source)]
    return changed
