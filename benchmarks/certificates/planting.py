"""A publisher who plants: a stranger's model, relabelled after he has seen the other one, to look like it.

Nothing that the model computes changes: units of gated FFNs get signs and an order, value dimensions signs, or a whole
head another basis that its columns of o undo. The files are true, and so is every number that a rule derives from
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import Axis, Weights, ffn_blocks, map_axis, reordered, scaled
from benchmarks.zoo.model import Model

if TYPE_CHECKING:
    import torch


def planted(other: Model, stranger: Model, how: str) -> Model:
    """The stranger's model, relabelled to look like the other."""
    return stranger.with_weights(PLANTINGS[how](other.weights, stranger.weights, stranger.anatomy))


def _signs(other: Weights, weights: Weights, anatomy: Anatomy) -> Weights:
    """Every unit and value dimension points the other's way."""
    return _unit_signs(other, _value_signs(other, weights, anatomy))


def _order(other: Weights, weights: Weights, anatomy: Anatomy) -> Weights:
    """Every unit in the place of the other's that it resembles most, in any sign."""
    import torch
    from scipy.optimize import linear_sum_assignment

    for block in ffn_blocks(weights):
        alike = _unit_rows(other[f"{block}up.weight"]) @ _unit_rows(weights[f"{block}up.weight"]).T
        _, order = linear_sum_assignment(-alike.abs().numpy())
        weights = map_axis(weights, Axis.UNIT, reordered(torch.from_numpy(order)), block)
    return _signs(other, weights, anatomy)


def _basis(other: Weights, weights: Weights, anatomy: Anatomy) -> Weights:
    """The value dimensions of every head turned as near to the other's as a rotation brings them."""
    import torch

    changed = dict(weights)
    for layer in range(anatomy.layers):
        v, o = f"layers.{layer}.v.weight", f"layers.{layer}.o.weight"
        heads = weights[v].reshape(anatomy.kv_heads, anatomy.head_dim, -1)
        theirs = other[v].reshape(heads.shape)
        left, _, right = torch.linalg.svd(theirs @ heads.transpose(1, 2))
        turns = left @ right
        by_query = turns.repeat_interleave(anatomy.per_group, dim=0)
        columns = weights[o].reshape(len(weights[o]), -1, anatomy.head_dim)
        changed[v] = (turns @ heads).reshape(weights[v].shape)
        changed[o] = torch.einsum("cqd,qed->cqe", columns, by_query).reshape(weights[o].shape)
    return _order(other, changed, anatomy)


PLANTINGS: Mapping[str, Callable[[Weights, Weights, Anatomy], Weights]] = {
    "signs": _signs,
    "order": _order,
    "basis": _basis,
}
"""What is relabelled -> how."""


def can_be_planted(a: Model, b: Model) -> bool:
    """Whether two models have one shape and gated FFNs, without experts or biases in the way."""
    same = {name: one.shape for name, one in a.weights.items() if "embed" not in name and "head" not in name}
    shapes = {name: one.shape for name, one in b.weights.items() if name in same}
    plain = not any("experts" in name or name.endswith(".bias") for name in (*a.weights, *b.weights))
    return same == shapes and plain and a.anatomy.gated and b.anatomy.gated


def _value_signs(other: Weights, weights: Weights, anatomy: Anatomy) -> Weights:
    for layer in range(anatomy.layers):
        name = f"layers.{layer}.v.weight"
        signs = _agreeing(other[name], weights[name]).reshape(anatomy.kv_heads, anatomy.head_dim)
        weights = map_axis(weights, Axis.VALUE, scaled(signs.flatten()), f"layers.{layer}.")
        by_query = signs.repeat_interleave(anatomy.per_group, dim=0).flatten()
        weights = map_axis(weights, Axis.ATTENDED, scaled(by_query), f"layers.{layer}.")
    return weights


def _unit_signs(other: Weights, weights: Weights) -> Weights:
    changed = dict(weights)
    for block in ffn_blocks(weights):
        up, down = f"{block}up.weight", f"{block}down.weight"
        signs = _agreeing(other[up], weights[up])
        changed[up], changed[down] = weights[up] * signs[:, None], weights[down] * signs
    return changed


def _agreeing(theirs: torch.Tensor, ours: torch.Tensor) -> torch.Tensor:
    """The sign that each row needs to point the other's way."""
    return (theirs * ours).sum(dim=1).sign().where((theirs * ours).sum(dim=1) != 0, theirs.new_ones(len(theirs)))


def _unit_rows(rows: torch.Tensor) -> torch.Tensor:
    return rows / rows.norm(dim=1, keepdim=True).clamp_min(1e-30)
