"""Signs that cancel: of FFN units, of value dimensions, of rotary pairs, of residual channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.zoo.families.anatomy import Anatomy
from benchmarks.zoo.families.axes import NORMS, Axis, Weights, ffn_blocks, map_axis, scaled

if TYPE_CHECKING:
    import torch


def flip_units(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Negate units in up and down together.

    Raises:
        ValueError: the FFN is not gated, so that an activation stands between up and down.
    """
    if not anatomy.gated:
        raise ValueError("unit signs can be flipped in gated FFNs alone; choose another disguise for this architecture")
    changed = dict(weights)
    for block in ffn_blocks(weights):
        up, down = f"{block}up.weight", f"{block}down.weight"
        signs = _signs(weights[down].shape[1], generator)
        changed[up] = weights[up] * signs[:, None]
        changed[down] = weights[down] * signs
    return changed


def flip_values(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Negate value dimensions, and the columns of o in every query head that reads them."""
    for layer in range(anatomy.layers):
        signs = _signs(anatomy.kv_heads * anatomy.head_dim, generator).reshape(anatomy.kv_heads, anatomy.head_dim)
        weights = _flip_heads(weights, anatomy, layer, signs, Axis.VALUE, Axis.ATTENDED)
    return weights


def flip_rotary_pairs(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Negate both members of rotary pairs (and single dimensions that do not rotate) of a key head and its queries."""
    import torch

    pairs = anatomy.rotary_dims // 2
    for layer in range(anatomy.layers):
        rotating = _signs(anatomy.kv_heads * pairs, generator).reshape(anatomy.kv_heads, pairs)
        still = anatomy.head_dim - 2 * pairs
        resting = _signs(anatomy.kv_heads * still, generator).reshape(anatomy.kv_heads, still)
        signs = torch.cat([rotating, rotating, resting], dim=1)
        weights = _flip_heads(weights, anatomy, layer, signs, Axis.KEY, Axis.QUERY)
    return weights


def flip_channels(weights: Weights, anatomy: Anatomy, generator: torch.Generator) -> Weights:
    """Negate residual channels in everything that writes or reads them; the norm gains stay.

    Raises:
        ValueError: a norm subtracts the mean over the channels, which signs would change.
    """
    if not anatomy.rms_norm:
        raise ValueError("channels can be negated under RMSNorm alone; choose another disguise for this architecture")
    signs = _signs(len(weights["final_norm.weight"]), generator)
    return map_axis(weights, Axis.CHANNEL, scaled(signs), without=NORMS)


def _flip_heads(
    weights: Weights, anatomy: Anatomy, layer: int, signs: torch.Tensor, shared: Axis, by_query: Axis
) -> Weights:
    """Apply signs, shape (kv_heads, head_dim), to an axis of KV heads and to the axis of query heads beside it."""
    place = f"layers.{layer}."
    weights = map_axis(weights, shared, scaled(signs.flatten()), place)
    repeated = signs.repeat_interleave(anatomy.per_group, dim=0).flatten()
    return map_axis(weights, by_query, scaled(repeated), place)


def _signs(count: int, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.randint(2, (count,), generator=generator).float() * 2 - 1
