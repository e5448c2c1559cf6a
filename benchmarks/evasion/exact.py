"""Changes of the weights that leave the function exactly as it is, beyond the zoo's own disguises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import NORMS, READERS, Axis, Weights, axes_of, ffn_blocks, map_axis, role_of

if TYPE_CHECKING:
    import torch

    Step = Callable[[Weights, Anatomy, torch.Generator], Weights]

CONDITION = 3.0
"""Largest ratio of the stretches of a mixing matrix: more of it would cost precision in 16 bits."""


def mix_values(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Put an invertible matrix between v and o of every KV head."""
    import torch

    changed = dict(weights)
    for layer in range(anatomy.layers):
        v, o = f"layers.{layer}.v.weight", f"layers.{layer}.o.weight"
        mixes = [_mixing(anatomy.head_dim, generator) for _ in range(anatomy.kv_heads)]
        inverses = [torch.linalg.inv(mix) for mix in mixes for _ in range(anatomy.per_group)]
        changed[v] = torch.block_diag(*mixes) @ weights[v]
        changed[o] = weights[o] @ torch.block_diag(*inverses)
    return changed


def turn_rotary_pairs(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Turn and stretch each rotary pair of a key head, and its queries against it: both commute with the rotation."""
    import torch

    changed = dict(weights)
    for layer in range(anatomy.layers):
        keys, queries = [], []
        for _ in range(anatomy.kv_heads):
            turn, stretch = _turns(anatomy.head_dim, generator)
            keys.append(turn * stretch)
            queries += [turn / stretch] * anatomy.per_group
        for role, matrices in (("k", keys), ("q", queries)):
            name = f"layers.{layer}.{role}.weight"
            changed[name] = torch.block_diag(*matrices) @ weights[name]
    return changed


def add_dead_units(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Half as many FFN units again, shuffled among the others: rows like theirs, columns of zeros."""
    import torch

    changed = dict(weights)
    for block in ffn_blocks(weights):
        units = weights[f"{block}down.weight"].shape[1]
        order = torch.randperm(units + units // 2, generator=generator)
        for role in ("gate", "up", "down"):
            tensor = weights[f"{block}{role}.weight"]
            axis = axes_of(f"{block}{role}.weight").index(Axis.UNIT)
            shape = [units // 2 if dim == axis else length for dim, length in enumerate(tensor.shape)]
            dead = torch.zeros(shape) if role == "down" else _like(tensor, shape, generator)
            changed[f"{block}{role}.weight"] = torch.cat([tensor, dead], axis).index_select(axis, order).contiguous()
    return changed


def add_dead_layers(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """A layer of weights like the others' after every second one; its o and down are zeros."""
    import torch

    changed = {name: tensor for name, tensor in weights.items() if not name.startswith("layers.")}
    written = 0
    for layer in range(anatomy.layers):
        own = {name: tensor for name, tensor in weights.items() if name.startswith(f"layers.{layer}.")}
        changed |= {name.replace(f"layers.{layer}.", f"layers.{written}.", 1): own[name] for name in own}
        written += 1
        if layer % 2 == 1:
            for name, tensor in own.items():
                dead = torch.zeros_like(tensor) if role_of(name) in ("o", "down") else _like(
                    tensor, list(tensor.shape), generator
                )  # fmt: skip
                changed[name.replace(f"layers.{layer}.", f"layers.{written}.", 1)] = dead
            written += 1
    return changed


def add_dead_channels(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """An eighth more residual channels that nobody writes: the gains make up for the wider mean."""
    import torch

    width = len(weights["final_norm.weight"])
    wider = width + width // 8

    def widen(tensor: torch.Tensor, dim: int) -> torch.Tensor:
        shape = [width // 8 if position == dim else length for position, length in enumerate(tensor.shape)]
        return torch.cat([tensor, torch.zeros(shape)], dim)

    changed = dict(map_axis(weights, Axis.CHANNEL, widen))
    for name in weights:
        if role_of(name) in NORMS:
            changed[name] = changed[name] * math.sqrt(width / wider)
    for name, tensor in weights.items():
        if role_of(name) in ("q", "k", "v", "gate", "up", "head"):
            changed[name][:, width:] = _like(tensor, [len(tensor), width // 8], generator)
    return changed


def replace_gains(gains: Weights) -> Step:
    """Plant the norm gains of another model, and make up for them in the matrices that read the norms."""

    def step(weights: Weights, _anatomy: Anatomy, _generator: torch.Generator) -> Weights:
        changed = dict(weights)
        for name, tensor in weights.items():
            role = role_of(name)
            if role not in NORMS:
                continue
            place = name.removesuffix(f"{role}.weight")
            ratio = tensor / gains[name]
            changed[name] = gains[name].clone()
            for reader in weights:
                if reader.startswith(place) and role_of(reader) in READERS[role]:
                    changed[reader] = weights[reader] * ratio
        return changed

    return step


def permute_tokens(weights: Weights, _anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Renumber the tokens; without its tokenizer nobody can tell which is which."""
    import torch

    order = torch.randperm(len(weights["embed.weight"]), generator=generator)
    return map_axis(weights, Axis.TOKEN, lambda tensor, dim: tensor.index_select(dim, order))


def split_experts(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Halve each expert and let the router choose both halves, each counting double in its column."""
    import torch

    changed = {name: tensor for name, tensor in weights.items() if ".experts." not in name}
    for layer in range(anatomy.layers):
        router = f"layers.{layer}.router.weight"
        changed[router] = weights[router].repeat_interleave(2, 0)
        for expert in range(len(weights[router])):
            place = f"layers.{layer}.experts.{expert}."
            units = weights[f"{place}down.weight"].shape[1]
            order = torch.randperm(units, generator=generator)
            for half, chosen in enumerate((order[: units // 2], order[units // 2 :])):
                new = f"layers.{layer}.experts.{2 * expert + half}."
                changed[f"{new}gate.weight"] = weights[f"{place}gate.weight"][chosen]
                changed[f"{new}up.weight"] = weights[f"{place}up.weight"][chosen]
                changed[f"{new}down.weight"] = 2 * weights[f"{place}down.weight"][:, chosen].contiguous()
    return changed


def _mixing(size: int, generator: torch.Generator) -> torch.Tensor:
    """A random matrix of bounded condition."""
    import torch

    left, right = (torch.linalg.qr(torch.randn(size, size, generator=generator)).Q for _ in range(2))
    stretch = CONDITION ** (torch.rand(size, generator=generator) - 0.5)
    return (left * stretch) @ right


def _turns(head_dim: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """A rotation of every pair (i, i + half), shape (head_dim, head_dim), and its stretch, shape (head_dim, 1)."""
    import torch

    half = head_dim // 2
    angle = torch.rand(half, generator=generator) * 2 * math.pi
    cosine, sine = torch.diag(angle.cos()), torch.diag(angle.sin())
    turn = torch.cat([torch.cat([cosine, -sine], 1), torch.cat([sine, cosine], 1)])
    stretch = CONDITION ** (torch.rand(half, generator=generator) - 0.5)
    return turn, torch.cat([stretch, stretch])[:, None]


def _like(tensor: torch.Tensor, shape: list[int], generator: torch.Generator) -> torch.Tensor:
    """Random numbers of a tensor's mean and spread."""
    import torch

    return torch.randn(shape, generator=generator) * tensor.std() + tensor.mean()
