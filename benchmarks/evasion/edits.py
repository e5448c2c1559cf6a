"""Changes of values alone: one matrix edited, ranks cut, blends, deltas thinned out, scales and offsets moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import NORMS, READERS, RESIDUAL_WRITERS, Axis, Weights, axes_of, role_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]


def edit_one_matrix(rank: int) -> Step:
    """Add a delta of a rank to the down projection of the middle layer, as ROME does (Meng et al., 2022)."""

    def step(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
        import torch

        name = f"layers.{anatomy.layers // 2}.down.weight"
        out, units = weights[name].shape
        delta = torch.randn(out, rank, generator=generator) @ torch.randn(rank, units, generator=generator)
        return {**weights, name: weights[name] + 0.3 * weights[name].norm() / delta.norm() * delta}

    return step


def cut_ranks(share: float) -> Step:
    """Keep a share of the singular values of every FFN matrix."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        import torch

        changed = dict(weights)
        for name, tensor in weights.items():
            if role_of(name) in ("gate", "up", "down") and tensor.ndim == 2:
                left, values, right = torch.linalg.svd(tensor, full_matrices=False)
                values[round(share * len(values)) :] = 0
                changed[name] = (left * values) @ right
        return changed

    return step


def keep_of_every(kept: int, of: int) -> Step:
    """Keep the largest of every few neighbours in a row, in the layers."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        import torch

        changed = dict(weights)
        for name, tensor in weights.items():
            if name.startswith("layers.") and tensor.ndim == 2:
                groups = tensor.unflatten(1, (-1, of))
                least = groups.abs().topk(kept, dim=2).values[..., -1:]
                changed[name] = torch.where(groups.abs() >= least, groups, torch.zeros(())).flatten(1)
        return changed

    return step


def round_to_bits(bits: int, group: int) -> Step:
    """Round every matrix of the layers to so many values in a group, from its least to its largest."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        changed = dict(weights)
        for name, tensor in weights.items():
            if name.startswith("layers.") and tensor.ndim == 2:
                groups = tensor.unflatten(1, (-1, group))
                least = groups.amin(dim=2, keepdim=True)
                steps = (groups.amax(dim=2, keepdim=True) - least) / (2**bits - 1)
                changed[name] = (((groups - least) / steps).round() * steps + least).flatten(1)
        return changed

    return step


def blend_with(stranger: Weights, share: float) -> Step:
    """A share of another model's weights, number by number, the rest the model's own."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        return {name: (1 - share) * tensor + share * stranger[name] for name, tensor in weights.items()}

    return step


def leave_breadcrumbs(tuned: Weights, smallest: float, largest: float) -> Step:
    """Add a fine-tune's delta without its smallest and its largest elements (Davari and Belilovsky, 2024)."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        changed = dict(weights)
        for name, tensor in weights.items():
            delta = tuned[name] - tensor
            sizes = delta.abs().flatten().sort().values
            low, high = sizes[int(smallest * len(sizes))], sizes[int((1 - largest) * (len(sizes) - 1))]
            changed[name] = tensor + delta * ((delta.abs() >= low) & (delta.abs() <= high))
        return changed

    return step


def move_gains(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Multiply every norm gain by numbers of its own, and divide what reads the norm by them."""
    import torch

    changed = dict(weights)
    for name, tensor in weights.items():
        if role_of(name) in READERS and name.endswith(".weight"):
            factors = torch.exp(0.3 * torch.randn(len(tensor), generator=generator))
            place = name.removesuffix(f"{role_of(name)}.weight")
            changed[name] = (tensor + anatomy.norm_offset) * factors - anatomy.norm_offset
            for reader in weights:
                if reader.startswith(place) and role_of(reader) in READERS[role_of(name)] and weights[reader].ndim == 2:
                    changed[reader] = changed[reader] / factors
    return changed


def scale_stream(factor: float) -> Step:
    """Multiply all that is written to the stream; norms without a mean take it out, and a sign goes to their gains."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        changed = dict(weights)
        for name, tensor in weights.items():
            if role_of(name) in RESIDUAL_WRITERS:
                changed[name] = factor * tensor
            elif role_of(name) in NORMS and factor < 0:
                changed[name] = -tensor
        return changed

    return step


def shift_stream(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Add to each column that layers write one number for all channels, which a LayerNorm takes out with the mean.

    Embeddings are left alone: a head may be tied to them.
    """
    import torch

    changed = dict(weights)
    for name, tensor in weights.items():
        if role_of(name) in RESIDUAL_WRITERS and role_of(name) != "embed":
            dim = axes_of(name).index(Axis.CHANNEL)
            shape = [1 if position == dim else length for position, length in enumerate(tensor.shape)]
            changed[name] = tensor + tensor.std() * torch.randn(shape, generator=generator)
    return changed


def replace_by(tuned: Weights) -> Step:
    """The fine-tune in the base's place."""

    def step(_weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        return dict(tuned)

    return step


def clip(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
    """Bring every weight of a matrix to within one standard deviation of zero."""
    return {
        name: tensor.clamp(-tensor.std(), tensor.std()) if tensor.ndim == 2 else tensor
        for name, tensor in weights.items()
    }
