"""Layers left out, repeated, taken from two models, or planted in a fresh one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import layer_count
from benchmarks.zoo.families.axes import Weights, role_of

if TYPE_CHECKING:
    import torch

LayerPlan = Callable[[int], Sequence[int]]
"""Number of layers of the source -> for each new layer, the source's layer."""


def without_middle(layers: int) -> Sequence[int]:
    """All layers but the middle one."""
    return [layer for layer in range(layers) if layer != layers // 2]


def without_last_two(layers: int) -> Sequence[int]:
    """All layers but the two before the last, which pruned models lose first."""
    return [*range(layers - 3), layers - 1]


def up_scaled(layers: int) -> Sequence[int]:
    """SOLAR's plan: the model without its last layer, then the model without its first layer."""
    return [*range(layers - 1), *range(1, layers)]


def middle_doubled(layers: int) -> Sequence[int]:
    """Every layer but first and last twice in a row, as self-merges do."""
    return [layer for layer in range(layers) for _ in range(1 if layer in (0, layers - 1) else 2)]


def with_layers(weights: Weights, plan: LayerPlan) -> Weights:
    """Return the model with the layers that the plan names, in its order."""
    return _outside(weights) | _numbered([(weights, layer) for layer in plan(layer_count(weights))])


def stacked(first: Weights, second: Weights, cut: float) -> Weights:
    """Return the layers of `first` below a share `cut` of the depth, then those of `second` (a frankenmerge).

    Embeddings come from the first model, final norm and head from the second.
    """
    layers = layer_count(first)
    below = round(cut * layers)
    outside = {name: (second if name.startswith(("final_norm", "head")) else first)[name] for name in _outside(first)}
    plan = [(first, layer) for layer in range(below)] + [(second, layer) for layer in range(below, layers)]
    return outside | _numbered(plan)


def with_ffns_of(donor: Weights, host: Weights) -> Weights:
    """Return the host with every FFN of the donor."""
    return {**host, **{name: donor[name] for name in donor if role_of(name) in ("gate", "up", "down")}}


def with_layers_of(donor: Weights, host: Weights, layers: Collection[int]) -> Weights:
    """Return the host with some layers of the donor, at the same depth."""
    return {**host, **{name: donor[name] for name in donor if _layer_of(name) in layers}}


def with_experts(dense: Weights, router: Weights, experts: Sequence[Weights], shared: Weights) -> Weights:
    """Return a dense model with each FFN replaced by experts.

    Args:
        dense: the dense model.
        router: the tensors of the routers, under their full names.
        experts: for each expert the FFN tensors of every layer, under the dense model's names.
        shared: the same for the expert that every token visits; empty for none.
    """
    kept = {name: tensor for name, tensor in dense.items() if role_of(name) not in ("gate", "up", "down")}
    placed = dict(router)
    for number, expert in enumerate(experts):
        placed |= {_inside(name, f"experts.{number}"): tensor for name, tensor in expert.items()}
    placed |= {_inside(name, "shared"): tensor for name, tensor in shared.items()}
    return {**kept, **placed}


def _inside(name: str, block: str) -> str:
    """The name of an FFN tensor inside a block of its layer."""
    module, role, slot = name.rsplit(".", 2)
    return f"{module}.{block}.{role}.{slot}"


def _outside(weights: Weights) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in weights.items() if _layer_of(name) is None}


def _numbered(plan: Sequence[tuple[Weights, int]]) -> dict[str, torch.Tensor]:
    """The layers of a plan, numbered from zero."""
    return {
        name.replace(f"layers.{source}.", f"layers.{layer}.", 1): tensor
        for layer, (weights, source) in enumerate(plan)
        for name, tensor in weights.items()
        if _layer_of(name) == source
    }


def _layer_of(name: str) -> int | None:
    return int(name.split(".")[1]) if name.startswith("layers.") else None
